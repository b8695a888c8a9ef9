//go:build !linux && !darwin && !windows

package blobs

import "errors"

// diskOf cannot tell here how large a disk is: only Options.Most bounds what is written.
func diskOf(string) (disk, error) { return disk{}, errors.ErrUnsupported }
