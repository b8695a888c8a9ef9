package jobs

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"

	"classsr/fault"
)

// Buckets of the database. Records are JSON.
var (
	jobsBucket     = []byte("jobs")     // by id
	picturesBucket = []byte("pictures") // by owner, 0, sum
	metaBucket     = []byte("meta")     // by name
)

var buckets = [][]byte{jobsBucket, picturesBucket, metaBucket}

const (
	openTime   = time.Second // how long another process may take to let go of the file
	batchDelay = 2 * time.Millisecond
	fill       = 0.9 // of pages of jobs, since identifiers rise

	schemaKey, paceKey, notePrefix = "schema", "pace", "note "
	schema                         = 1
)

// openDatabase opens the file, or makes it. One that is damaged is put aside under another name, and what can be read of it is taken over.
func openDatabase(path string, log *slog.Logger, now time.Time) (db *bbolt.DB, aside string, err error) {
	damage, err := Inspect(path)
	if err != nil {
		return nil, "", err
	}
	if damage != nil {
		aside = path + ".broken-" + now.UTC().Format("20060102-150405.000")
		if err := os.Rename(path, aside); err != nil {
			return nil, "", fmt.Errorf("the table of jobs is damaged (%w) and cannot be put aside: %w", damage, err)
		}
	}
	if db, err = create(path); err != nil {
		return nil, aside, err
	}
	if damage != nil {
		saved, err := takeOver(db, aside)
		if err != nil {
			return nil, aside, errors.Join(err, db.Close())
		}
		log.Error("the table of jobs was damaged: a new one has what could be read of it", "file", aside, "records", saved, "error", damage.Error())
	}
	return db, aside, nil
}

// Inspect tells what is damaged in the file of a table, and changes nothing; a file that is not there is not damaged. An error means that it cannot be told,
// or that Open would fail: of kind fault.Busy if another process has the file, fault.Unavailable if the disk does not give it.
func Inspect(path string) (damage, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, os.ErrNotExist) || err == nil && info.Mode().IsRegular() && info.Size() == 0:
		return nil, nil
	case err != nil:
		return nil, cannotOpen(path, err)
	case !info.Mode().IsRegular():
		return nil, fault.New(fault.Unavailable, "%s is to be the table of jobs, but it is no file: remove it", path)
	}
	hold, refused := openQuietly(path, bbolt.Options{Timeout: openTime, ReadOnly: true}) // so that nobody writes meanwhile
	if hold != nil {
		defer func() { _ = hold.Close() }() // nothing was written
	} else if errors.Is(refused, bbolterrors.ErrTimeout) || fault.KindOf(refused) != fault.Internal {
		return nil, cannotOpen(path, refused)
	}
	version := schema
	var strange error
	damage, err = readFile(path, func(bucket, key, value []byte) {
		if !belongs(bucket, key, value) {
			strange = fmt.Errorf("the record %q of %s is none", key, bucket)
		}
		if string(bucket) == string(metaBucket) && string(key) == schemaKey {
			_ = json.Unmarshal(value, &version) // what is none is that of this program
		}
	})
	damage = cmp.Or(damage, strange)
	switch {
	case err != nil:
		return nil, err
	case version > schema:
		return nil, fault.New(fault.Unsupported, "the table of jobs in %s was written by a later version of this program: use that one", path)
	case damage == nil && refused != nil:
		return nil, cannotOpen(path, refused)
	}
	return damage, nil
}

// readFile reads the records of a file that bbolt has not opened.
func readFile(path string, take func(bucket, key, value []byte)) (damage, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, cannotOpen(path, err)
	}
	defer func() { _ = f.Close() }() // nothing was written
	info, err := f.Stat()
	if err != nil {
		return nil, cannotOpen(path, err)
	}
	return readPages(f, info.Size(), take), nil
}

// cannotOpen is an error about the file, not about what is in it.
func cannotOpen(path string, err error) error {
	if errors.Is(err, bbolterrors.ErrTimeout) {
		return fault.New(fault.Busy, "another process uses %s: end it first", path)
	}
	return fmt.Errorf("cannot open the table of jobs: %w", fault.Default(fault.Unavailable, err))
}

// openQuietly opens the file; a panic becomes an error, and leaves nothing open.
func openQuietly(path string, o bbolt.Options) (db *bbolt.DB, err error) {
	var file *os.File
	o.OpenFile = func(name string, flag int, mode os.FileMode) (*os.File, error) {
		var err error
		file, err = os.OpenFile(name, flag, mode)
		return file, err
	}
	defer func() {
		if broken := recover(); broken != nil {
			_ = file.Close()
			db, err = nil, fmt.Errorf("bbolt gave up: %v", broken)
		}
	}()
	return bbolt.Open(path, 0o600, &o)
}

// create opens a file that is known to be good, and makes what it lacks.
func create(path string) (*bbolt.DB, error) {
	db, err := openQuietly(path, bbolt.Options{Timeout: openTime, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return nil, cannotOpen(path, err)
	}
	db.MaxBatchDelay = batchDelay
	ready := false
	err = db.View(func(tx *bbolt.Tx) error {
		meta := tx.Bucket(metaBucket)
		ready = meta != nil && meta.Get([]byte(schemaKey)) != nil
		return nil
	})
	if err == nil && !ready { // a full disk does not keep an old one from being opened
		err = db.Update(func(tx *bbolt.Tx) error {
			for _, name := range buckets {
				if _, err := tx.CreateBucketIfNotExists(name); err != nil {
					return err
				}
			}
			return tx.Bucket(metaBucket).Put([]byte(schemaKey), fmt.Append(nil, schema))
		})
	}
	if err != nil {
		return nil, errors.Join(cannotOpen(path, err), db.Close())
	}
	return db, nil
}

// takeOver copies the records of a damaged file.
func takeOver(db *bbolt.DB, aside string) (records int, err error) {
	err = db.Update(func(tx *bbolt.Tx) error {
		var failed error
		_, err := readFile(aside, func(bucket, key, value []byte) {
			if b := tx.Bucket(bucket); b != nil && belongs(bucket, key, value) && failed == nil {
				failed = b.Put(bytes.Clone(key), bytes.Clone(value))
				records++
			}
		})
		return errors.Join(err, failed)
	})
	return records, err
}

// belongs tells whether a record is one, and has the key that it is to have.
func belongs(bucket, key, value []byte) bool {
	var (
		j Job
		p Picture
	)
	switch string(bucket) {
	case string(jobsBucket):
		return json.Unmarshal(value, &j) == nil && string(key) == j.ID && timeOf(j.ID) > 0
	case string(picturesBucket):
		return json.Unmarshal(value, &p) == nil && string(key) == owned(p.Owner, p.Sum.String())
	}
	return len(key) > 0 && json.Valid(value)
}

// change is a record that a transaction writes; a value of nil removes it.
type change struct {
	bucket []byte
	key    string
	value  any
}

func jobChange(j *Job) change { return change{jobsBucket, j.ID, j} }

// write makes changes, all of them or none, and returns when they are on disk. Those of several goroutines are written together.
func (t *Table) write(changes ...change) error {
	return t.commit(t.db.Batch, changes)
}

// writeAlone is write where nobody else can be waiting to write.
func (t *Table) writeAlone(changes ...change) error {
	return t.commit(t.db.Update, changes)
}

func (t *Table) commit(transact func(func(*bbolt.Tx) error) error, changes []change) error {
	return transact(func(tx *bbolt.Tx) error {
		for _, c := range changes {
			b := tx.Bucket(c.bucket)
			if c.value == nil {
				if err := b.Delete([]byte(c.key)); err != nil {
					return err
				}
				continue
			}
			text, err := json.Marshal(c.value)
			if err != nil {
				return err
			}
			if string(c.bucket) == string(jobsBucket) {
				b.FillPercent = fill
			}
			if err := b.Put([]byte(c.key), text); err != nil {
				return err
			}
		}
		return nil
	})
}

// each reads the records of a bucket; those that are none are left out, and said.
func each[T any](tx *bbolt.Tx, bucket []byte, log *slog.Logger, take func(T)) error {
	return tx.Bucket(bucket).ForEach(func(k, v []byte) error {
		var record T
		if !belongs(bucket, k, v) || json.Unmarshal(v, &record) != nil {
			log.Error("a record of the table of jobs is damaged: it is left out", "bucket", string(bucket), "key", string(k))
			return nil
		}
		take(record)
		return nil
	})
}

// owned is the key of something that is an owner's.
func owned(owner, name string) string { return owner + "\x00" + name }
