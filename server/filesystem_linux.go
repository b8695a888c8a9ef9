package server

import "golang.org/x/sys/unix"

// strangeFileSystems are those by their numbers where files are not kept as a server wants it.
var strangeFileSystems = map[int64]string{
	unix.TMPFS_MAGIC:     "they are memory: accepted jobs do not survive a restart of the machine, and take memory from the others",
	unix.NFS_SUPER_MAGIC: network, unix.SMB_SUPER_MAGIC: network, unix.SMB2_SUPER_MAGIC: network, unix.CIFS_SUPER_MAGIC: network,
	unix.FUSE_SUPER_MAGIC: "it is a file system of a program (FUSE): whether locks hold and files survive is up to that",
}

const network = "it is on another machine: whether locks hold and files survive is up to that"

// fileSystem is what is strange about the file system of a folder, or nothing.
func fileSystem(folder string) string {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return ""
	}
	return strangeFileSystems[int64(s.Type)&0xffffffff] //nolint:unconvert // it is smaller on some machines
}
