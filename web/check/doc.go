// Package check tries the server's page and pages of one file in a real browser, Chromium: what people do with them by mouse, keyboard and touch, on large
// and small screens, in light and dark, and what axe-core finds of barriers. It is a module of its own, since nothing else needs a browser.
//
//	make browser                               # npm ci, then all tests
//	SHOTS=shots go test -run Page ./...        # also writes screenshots there
package check
