// Package generated is the server's API as oapi-codegen makes it of the description (`make gen-client`): all operations, without tries of its own. Package
// classsr/client is the one to use from Go; this one shows that the description is enough to write clients from, in other languages, too.
package generated
