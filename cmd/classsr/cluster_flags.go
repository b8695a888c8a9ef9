package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"classsr"
	"classsr/cluster/remote"
	"classsr/models"
	"classsr/pipeline/order"
)

// clusterFlags say which server enlarges pictures in place of this machine.
type clusterFlags struct {
	cluster, tokenFile string
}

func (f *clusterFlags) register(flags *pflag.FlagSet) {
	flags.StringVar(&f.cluster, "cluster", "", "have the pictures enlarged by the server at `URL`, or of a join string (default $"+clusterVariable+"); see `classsr serve`")
	flags.StringVar(&f.tokenFile, "token-file", "", "the token for the server is in `FILE`; by default it is $"+tokenVariable)
}

// server is the server that was asked for, by a flag or else by the environment; "" for none.
func (f *clusterFlags) server(cmd *cobra.Command) string {
	if cmd.Flags().Changed("cluster") {
		return f.cluster
	}
	return os.Getenv(clusterVariable)
}

// token is the token for the server; "" if none was given.
func (f *clusterFlags) token(server string) (string, error) {
	joins := strings.HasPrefix(server, "classsr:")
	switch {
	case f.tokenFile == "" && joins:
		return "", nil
	case joins:
		return "", usagef("--token-file %s: the join string of --cluster has a token of its own; leave out one of them", f.tokenFile)
	}
	return readToken(f.tokenFile)
}

// checkCluster returns an error if --cluster cannot do what other flags ask for.
func (f *upscaleFlags) checkCluster(cmd *cobra.Command) error {
	if f.server(cmd) == "" {
		if cmd.Flags().Changed("token-file") {
			return usagef("--token-file %s: it is for --cluster, which is missing", f.tokenFile)
		}
		return nil
	}
	for _, refused := range []struct {
		flag   string
		asked  bool
		reason string
	}{
		{"bands", f.allBands(), "bands are enlarged one by one on this machine only; name those that you want"},
		{"route-map", f.routeMap != "", "the map stays on the server"},
		{"threads", cmd.Flags().Changed("threads"), "the server has cores of its own, see its --threads"},
		{"memory", cmd.Flags().Changed("memory"), "the server has memory of its own, see its --memory"},
	} {
		if refused.asked {
			return usagef("--%s %s: with --cluster it is not possible: %s", refused.flag, cmd.Flag(refused.flag).Value, refused.reason)
		}
	}
	_, err := f.order(cmd)
	return err
}

// order is what the flags ask for, by the names that the server knows, without the page and the format.
func (f *sizeFlags) order(cmd *cobra.Command) (map[string]string, error) {
	asked := map[string]string{}
	var o order.Order
	for _, field := range order.Fields() {
		flag := cmd.Flag(field.Name)
		if flag == nil || !flag.Changed || slices.Contains([]string{"page", "format"}, field.Name) {
			continue
		}
		value := flag.Value.String()
		switch {
		case field.Name == "fit":
			value = fmt.Sprintf("%dx%d", f.fit[0], f.fit[1])
		case field.Name == "model" && f.inFile(cmd):
			value = models.InFile([sha256.Size]byte{}) // which it is shows when the file is read
		}
		if err := o.Set(field.Name, value); err != nil {
			return nil, fmt.Errorf("--%w", err)
		}
		asked[field.Name] = value
	}
	return asked, o.Check()
}

// inFile tells whether the model is one in a file.
func (f *sizeFlags) inFile(cmd *cobra.Command) bool {
	_, builtin := models.Find(f.model)
	return cmd.Flags().Changed("model") && !builtin && f.model != classsr.Bicubic
}

// sent is the model in a file that the server is to have; nil if that has it built in.
func (f *sizeFlags) sent(cmd *cobra.Command) (*remote.Model, error) {
	if !f.inFile(cmd) {
		return nil, nil
	}
	model, err := classsr.Open(f.model) // as it is: the server sets how strongly it removes noise
	if err != nil {
		return nil, err
	}
	return remote.NewModel(model)
}

// remote is the server that enlarges pictures; nil if this machine does. tell is told what the user may not expect.
func (f *clusterFlags) remote(cmd *cobra.Command, asks *sizeFlags, tell func(text string)) (*remote.Remote, error) {
	server := f.server(cmd)
	if server == "" {
		return nil, nil
	}
	asked, err := asks.order(cmd)
	if err != nil {
		return nil, err
	}
	token, err := f.token(server)
	if err != nil {
		return nil, err
	}
	model, err := asks.sent(cmd)
	if err != nil {
		return nil, err
	}
	r, err := remote.Open(server, token, remote.Options{Order: asked, Model: model, Tell: tell, Patience: clusterPatience})
	if err != nil {
		return nil, usagef("--cluster: %w", err)
	}
	return r, nil
}

// clusterPatience is how long a server is waited for; 0 for the usual time. Tests have less.
var clusterPatience time.Duration
