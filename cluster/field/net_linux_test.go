package field

import (
	"context"
	"net"
)

// Net is hosts.
type Net struct{}

func (*Net) address(int) string                                          { return "" }
func (*Net) command(int) []string                                        { return nil }
func (*Net) dial(context.Context, int, string, string) (net.Conn, error) { return nil, nil }
