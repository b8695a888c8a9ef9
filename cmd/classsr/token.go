package main

import (
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"classsr/server/tokens"
)

func newToken(std streams) *cobra.Command {
	cmd := &cobra.Command{
		Use: "token", Short: "Make and remove tokens, which let others use a server", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() }, // so that Args are looked at
	}
	cmd.AddCommand(newTokenNew(std), newTokenRemove(std))
	return cmd
}

func newTokenRemove(std streams) *cobra.Command {
	var file string
	cmd := &cobra.Command{
		Use:   "remove NAME --token-file FILE",
		Short: "Remove a token from a file",
		Long: "Remove a token from a file. A server that uses the file lets it in no more after two seconds: its requests are refused, the\n" +
			"page's sessions end, and streams of events with their next event. Jobs that were accepted are done; a new token of that name has them.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := tokens.Remove(file, args[0]); err != nil {
				return err
			}
			std.note("%s has no token %s any more.", file, args[0])
			return nil
		},
	}
	cmd.Flags().StringVar(&file, "token-file", "", "the `FILE` of tokens")
	requireTokenFile(cmd)
	return cmd
}

func requireTokenFile(cmd *cobra.Command) {
	if err := cmd.MarkFlagRequired("token-file"); err != nil {
		panic("a command about tokens has no --token-file")
	}
}

// tokenFlags are the flags of token new that are no properties of the token.
type tokenFlags struct {
	file, address, data, certificate string
	publicCertificate, asJSON        bool
}

// tokenResult is what token new --json prints.
type tokenResult struct {
	Name        string `json:"name"`
	Token       string `json:"token"`
	Page        string `json:"page,omitempty"`
	Join        string `json:"join,omitempty"`
	Fingerprint string `json:"sha256,omitempty"`
}

func newTokenNew(std streams) *cobra.Command {
	var f tokenFlags
	properties := pflag.NewFlagSet("properties", pflag.ContinueOnError)
	cmd := &cobra.Command{
		Use:   "new NAME --token-file FILE",
		Short: "Make a token, add its hash to a file, and print it",
		Long: "Make a token for NAME, add its SHA-256 to the file, and print the token, which is nowhere else. A server that uses the file\n" +
			"knows the token within two seconds; `classsr token remove` ends one.\n" +
			"With --address it prints a link for the page and a join string for workers, too, which tell the certificate's fingerprint.",
		Example: "  classsr token new alice --token-file tokens\n" +
			"  classsr token new bob --token-file tokens --expires 2027-12-31 --pixels 2GP\n" +
			"  classsr token new shed --token-file tokens --scopes worker --address studio.local:8443 --data data",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			token := tokens.Token{Name: args[0]}
			var err error
			cmd.Flags().Visit(func(flag *pflag.Flag) {
				if properties.Lookup(flag.Name) == nil {
					return
				}
				if e := token.Set(flag.Name, flag.Value.String()); e != nil && err == nil {
					err = usagef("--%s %s: %w", flag.Name, flag.Value, e)
				}
			})
			if err != nil {
				return err
			}
			return f.add(std, token)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.file, "token-file", "", "the `FILE` of tokens, as classsr serve has it; it is made if it is not there")
	flags.StringVar(&f.address, "address", "", "how others reach the server, `HOST:PORT`, to print a join string")
	flags.StringVar(&f.data, "data", "", "the folder `DIR` of the server, for the fingerprint of its certificate, which is made if it is not there")
	flags.StringVar(&f.certificate, "tls-cert", "", "the server's certificate, a `FILE`, for its fingerprint")
	flags.BoolVar(&f.publicCertificate, "public-cert", false, "the server has a certificate that all machines trust: leave the fingerprint out")
	flags.BoolVar(&f.asJSON, "json", false, "print a JSON object")
	properties.String("expires", "", "the last `DATE` on which it works (UTC), as 2027-12-31")
	properties.String("rate", "", "at most `N` requests a second")
	properties.String("bytes", "", "at most `SIZE` of uploads a day, as 2GB")
	properties.String("pixels", "", "at most `N` pixels of results a day, as 2GP")
	properties.String("jobs", "", "at most `N` jobs that wait")
	properties.String("weight", "", "`N` times as large a part of the machine as others")
	properties.String("scopes", "", "what it is for: jobs, metrics, worker, cluster, or several with commas (default jobs)")
	flags.AddFlagSet(properties)
	requireTokenFile(cmd)
	cmd.MarkFlagsMutuallyExclusive("data", "tls-cert", "public-cert")
	return cmd
}

// add makes the token. What it needs besides comes first, so that no token is made in vain.
func (f *tokenFlags) add(std streams, token tokens.Token) error {
	var mark tokens.Fingerprint
	if f.address != "" {
		if err := tokens.CheckAddress(f.address); err != nil {
			return usagef("--address: %w", err)
		}
		var err error
		if mark, err = f.fingerprint(); err != nil {
			return err
		}
	}
	secret, err := tokens.Add(f.file, token)
	if err != nil {
		return err
	}
	r := tokenResult{Name: token.Name, Token: secret}
	if f.address != "" {
		r.Page = "https://" + f.address + "/#token=" + secret
		r.Join = tokens.Join{Address: f.address, Secret: secret, Fingerprint: mark}.String()
	}
	if mark != (tokens.Fingerprint{}) {
		r.Fingerprint = mark.String()
	}
	if f.asJSON {
		return json.NewEncoder(std.out).Encode(r)
	}
	std.note("Keep it: %s has its hash only.", f.file)
	for _, line := range []struct{ name, text string }{{"token", r.Token}, {"page", r.Page}, {"join", r.Join}} {
		if line.text == "" {
			continue
		}
		if _, err := fmt.Fprintf(std.out, "%s: %s\n", line.name, line.text); err != nil {
			return err
		}
	}
	return nil
}

// fingerprint is that of the server's certificate; zero if all machines trust it.
func (f *tokenFlags) fingerprint() (tokens.Fingerprint, error) {
	switch {
	case f.publicCertificate:
		return tokens.Fingerprint{}, nil
	case f.certificate != "":
		return tokens.FingerprintOf(f.certificate)
	case f.data != "":
		host, _, err := net.SplitHostPort(f.address)
		if err != nil {
			return tokens.Fingerprint{}, err
		}
		_, mark, err := tokens.Certificate(filepath.Join(f.data, "tls"), []string{host})
		return mark, err
	}
	return tokens.Fingerprint{}, usagef("--address needs --data DIR, --tls-cert FILE or --public-cert: a join string tells by which certificate the server is known")
}
