package jobs

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"classsr/fault"
)

// Buckets of the database: jobs and uploads as JSON, idempotency keys, and what else is kept.
var (
	jobsBucket     = []byte("jobs")     // id
	picturesBucket = []byte("pictures") // owner, 0, sum
	keysBucket     = []byte("keys")     // owner, 0, key
	metaBucket     = []byte("meta")     // name
)

const (
	openTime   = time.Second // how long another process may take to let go of the file
	batchDelay = 2 * time.Millisecond
	fill       = 0.9 // of pages, since identifiers come in order
)

// openDatabase opens the file, or makes it. One that cannot be read is put aside, so that the server starts: what it held is lost, and said.
func openDatabase(path string, log *slog.Logger, now time.Time) (*bbolt.DB, error) {
	db, err := tryOpen(path)
	if err == nil {
		return db, nil
	}
	if errors.Is(err, bbolterrors.ErrTimeout) {
		return nil, fault.New(fault.Busy, "another process uses %s", path)
	}
	if fault.KindOf(err) != fault.Internal { // of the disk: the file is not at fault
		return nil, fmt.Errorf("cannot open the table of jobs: %w", err)
	}
	aside := fmt.Sprintf("%s.broken-%d", path, now.Unix())
	if renamed := os.Rename(path, aside); renamed != nil {
		if errors.Is(renamed, fs.ErrNotExist) {
			return nil, err
		}
		return nil, errors.Join(err, renamed)
	}
	log.Error("the table of jobs cannot be read: it is put aside, and jobs that waited are lost", "file", aside, "error", err.Error())
	return tryOpen(path)
}

// tryOpen opens the file, makes its buckets and reads everything in it once. Broken pages make bbolt panic.
func tryOpen(path string) (db *bbolt.DB, err error) {
	defer func() {
		if broken := recover(); broken != nil {
			err = fmt.Errorf("%s is damaged: %v", path, broken)
		}
		if err != nil && db != nil {
			_ = db.Close()
			db = nil
		}
	}()
	db, err = bbolt.Open(path, 0o600, &bbolt.Options{Timeout: openTime, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, err
	}
	db.MaxBatchDelay = batchDelay
	err = db.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{jobsBucket, picturesBucket, keysBucket, metaBucket} {
			b, err := tx.CreateBucketIfNotExists(name)
			if err != nil {
				return err
			}
			if err := b.ForEach(func(_, v []byte) error { return checkJSON(name, v) }); err != nil {
				return err
			}
		}
		return nil
	})
	return db, err
}

func checkJSON(bucket, v []byte) error {
	if !json.Valid(v) {
		return fmt.Errorf("a record of %s is damaged", bucket)
	}
	return nil
}

// change is what a transaction writes: records by bucket and key; nil removes one.
type change struct {
	bucket, key []byte
	value       any
}

// write makes changes, all of them or none, durable.
func (t *Table) write(changes ...change) error {
	return t.db.Batch(func(tx *bbolt.Tx) error {
		for _, c := range changes {
			b := tx.Bucket(c.bucket)
			b.FillPercent = fill
			if c.value == nil {
				if err := b.Delete(c.key); err != nil {
					return err
				}
				continue
			}
			text, err := json.Marshal(c.value)
			if err != nil {
				return err
			}
			if err := b.Put(c.key, text); err != nil {
				return err
			}
		}
		return nil
	})
}

// owned is a key of something that is an owner's.
func owned(owner, name string) []byte { return []byte(owner + "\x00" + name) }

// keyed is what an idempotency key stands for.
type keyed struct {
	Owner   string    `json:"owner"`
	Key     string    `json:"key"`
	Job     string    `json:"job"`
	Asked   string    `json:"asked"` // what the request asked for
	Created time.Time `json:"created"`
}
