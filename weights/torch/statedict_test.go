package torch

import (
	"slices"
	"strings"
	"testing"
)

func TestWhereWeightsAreFound(t *testing.T) {
	b := floats("0", 1, 2)
	v := b.vector()
	net := func(names ...string) raw {
		var items []any
		for _, n := range names {
			items = append(items, n, v)
		}
		return orderedDict(items...)
	}
	count := longs("1", 7)
	adam := dct{"state", dct{0, dct{"exp_avg", v, "exp_avg_sq", v, "step", v}, 1, dct{"exp_avg", v}}, "param_groups", lst{}}
	tests := []struct {
		name          string
		root          any
		want, ignored []string
	}{
		{"at the top", net("a", "b"), []string{"a", "b"}, nil},
		{"plain dictionary", dct{"a", v}, []string{"a"}, nil},
		{"Python 2 dictionary", called("collections.OrderedDict", lst{lst{"a", v}, tup{"b", v}}), []string{"a", "b"}, nil},
		{"params_ema before params", dct{"params", net("p", "q"), "params_ema", net("e")}, []string{"e"}, []string{"params"}},
		{"params before state_dict", dct{"state_dict", net("s"), "params", net("p")}, []string{"p"}, []string{"state_dict"}},
		{"name before number", dct{"other", net("a", "b", "c"), "net", net("n")}, []string{"n"}, []string{"other"}},
		{"empty name is passed", dct{"params", dct{}, "other", net("a")}, []string{"a"}, []string{"params"}},
		{"most tensors", dct{"one", net("a"), "two", net("b", "c"), "three", net("d")}, []string{"b", "c"}, []string{"one", "three"}},
		{"name before the top", dct{"best_psnr", v, "state_dict", net("s")}, []string{"s"}, []string{"best_psnr"}},
		{"top before one below", dct{"a", v, "b", v, "c", dct{"d", v}}, []string{"a", "b"}, []string{"c"}},
		{"nested twice", dct{"model", dct{"name", "x", "sd", net("s")}, "iter", 5}, []string{"s"}, []string{"iter", "model.name"}},
		{"nested thrice without names", dct{"x", dct{"y", dct{"z", net("s"), "k", 1}}}, []string{"s"}, []string{"x.y.k"}},
		{"optimizer has more", dct{"optimizer", dct{"params", net("o", "p", "q")}, "epoch", 1, "weights_g", net("w")},
			[]string{"w"}, []string{"epoch", "optimizer"}},
		{"Adam by another name", dct{"adam", adam, "gen", net("w")}, []string{"w"}, []string{"adam"}},
		{"other keys than strings", dct{1, net("no"), nil, 2, "gen", net("w")}, []string{"w"}, nil},
		{"integer buffers", orderedDict("bn.weight", v, "bn.num_batches_tracked", count.tensor(0, tup{}, tup{}), "note", "x"),
			[]string{"bn.weight"}, []string{"bn.num_batches_tracked", "note"}},
		{"module", net("module.a", "module.module.b", "c.module.d"), []string{"a", "b", "c.module.d"}, nil},
		{"module of ignored", orderedDict("module.a", v, "module.n", count.vector()), []string{"a"}, []string{"n"}},
		{"compiled", net("_orig_mod.a", "module._orig_mod.module.b"), []string{"a", "b"}, nil},
		{"averaged model", orderedDict("n_averaged", count.vector(), "module.a", v), []string{"a"}, []string{"n_averaged"}},
		{"generator beside others", net("generator.a", "discriminator.a", "generator.b.module.c", "loss"), []string{"a", "b.module.c"}, []string{"discriminator.a", "loss"}},
		{"averaged generator", net("generator.a", "module.generator_ema.a"), []string{"a"}, []string{"generator.a"}},
		{"generator's counters", orderedDict("net_g.a", v, "net_g.n", count.vector(), "net_d.n", count.vector()), []string{"a"}, []string{"n", "net_d.n"}},
		{"profiled", net("a", "total_ops", "b.total_params", "b.c"), []string{"a", "b.c"}, []string{"b.total_params", "total_ops"}},
		{"only counters of a generator", orderedDict("a", v, "generator.n", count.vector()), []string{"a"}, []string{"generator.n"}},
		{"averaged weights first", dct{"model", net("m"), "ema", net("e"), "iteration", 7}, []string{"e"}, []string{"iteration", "model"}},
		{"averaged generator of an adversarial pair", dct{"g", net("g"), "d", net("d", "e"), "g_ema", net("a")}, []string{"a"}, []string{"d", "g"}},
		{"the same twice", dct{"params", net("p") + "q\x05", "again", raw("h\x05")}, []string{"p"}, []string{"again"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			blobs := []blob{b}
			if strings.Contains(string(emit(test.root)), "LongStorage") {
				blobs = append(blobs, count)
			}
			c := mustRead(t, test.root, blobs...)
			if got := c.Tensors.Names(); !slices.Equal(got, test.want) {
				t.Errorf("tensors %q, want %q", got, test.want)
			}
			if !slices.Equal(c.Ignored, test.ignored) {
				t.Errorf("ignored %q, want %q", c.Ignored, test.ignored)
			}
		})
	}
}

func TestNoWeights(t *testing.T) {
	b := floats("0", 1, 2)
	n := longs("0", 1)
	mustFail(t, "holds a tensor instead of a dictionary", b.vector(), b)
	mustFail(t, "holds a list instead", lst{dct{"a", b.vector()}}, b)
	mustFail(t, "no float tensors", dct{})
	mustFail(t, "no float tensors", dct{"epoch", 1})
	mustFail(t, "no float tensors", dct{"count", n.vector()}, n)
	mustFail(t, "no float tensors", dct{"optimizer", dct{"w", b.vector()}}, b)
	mustFail(t, "no float tensors", dct{1, b.vector()}, b)
}

func TestAmbiguousKeys(t *testing.T) {
	b := floats("0", 1, 2)
	v := b.vector()
	mustFail(t, `key "a" appears twice`, orderedDict("a", v, "b", v, "a", v), b)
	mustFail(t, `key "params" appears twice`, dct{"params", dct{"a", v}, "params", dct{"a", v}}, b)
	mustFail(t, `tensor "a" is there with and without a prefix`, orderedDict("a", v, "module.a", v), b)
	mustFail(t, `tensor "a" is there with and without a prefix`, orderedDict("_orig_mod.a", v, "module.a", v), b)
	mustFail(t, "unusable name", orderedDict("generator.", v), b)
	mustFail(t, "unusable name", orderedDict("module.", v), b)
	mustFail(t, "unusable name", orderedDict("a\xff", v), b)
}

func TestCyclesEnd(t *testing.T) {
	b := floats("0", 1, 2)
	v := b.vector()
	inner := raw("}q\x01") + emit("self") + "h\x01s" + emit("w") + v + "s"
	c := mustRead(t, dct{"model", inner}, b)
	if got := c.Tensors.Names(); !slices.Equal(got, []string{"w"}) {
		t.Errorf("tensors %q", got)
	}
	mustFail(t, "holds a list", raw("]q\x01h\x01a"))
	mustFail(t, "no float tensors", raw("}q\x01")+emit("model")+"h\x01s"+emit("net")+"h\x01s")
	// Pairs that hold each other, each of which leads to 2^n others without a record of what was seen.
	var nested raw = "}q\x00"
	for i := range 40 {
		key := raw([]byte{'h', byte(i)})
		nested += raw("}") + emit("a") + key + "s" + emit("b") + key + "s" + raw([]byte{'q', byte(i + 1)})
	}
	mustFail(t, "no float tensors", nested)
}
