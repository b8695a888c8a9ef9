package remote

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"

	"classsr"
	"classsr/fault"
	"classsr/models"
)

// Model is a model in a file, for a server that does not have it. It is not changed by use.
type Model struct {
	name string // as it is called here
	file []byte
	sum  [sha256.Size]byte // of the file
}

// NewModel makes the file of a model, whatever file it comes from: the program's own form, with the same numbers. A model that cannot be stored is an error of kind fault.Unsupported.
func NewModel(m *classsr.Model) (*Model, error) {
	if m.Weights() == nil {
		return nil, fault.New(fault.Unsupported, "%s has no file", m.Name())
	}
	var file bytes.Buffer
	if err := m.Weights().Write(&file); err != nil {
		return nil, err
	}
	return &Model{m.Name(), file.Bytes(), sha256.Sum256(file.Bytes())}, nil
}

// Name is what the model is called in an order.
func (m *Model) Name() string { return models.InFile(m.sum) }

// bring sends the model, if there is one, unless the server has it.
func (r *Remote) bring(ctx context.Context) error {
	if r.Model == nil {
		return nil
	}
	r.sending.Lock() // one sends it, and others find it there
	defer r.sending.Unlock()
	has, err := r.client.HasModel(ctx, hex.EncodeToString(r.Model.sum[:]))
	if err == nil && !has {
		_, err = r.client.SendModel(ctx, bytes.NewReader(r.Model.file))
	}
	return err
}
