package main

import (
	"codeberg.org/go-fonts/liberation/liberationmonoregular"
	"codeberg.org/go-fonts/liberation/liberationsansbold"
	"codeberg.org/go-fonts/liberation/liberationsansregular"
	"codeberg.org/go-fonts/liberation/liberationserifitalic"
	"codeberg.org/go-fonts/liberation/liberationserifregular"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goitalic"
	"golang.org/x/image/font/gofont/gomedium"
	"golang.org/x/image/font/gofont/gomono"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
)

// Fonts of permissive licences: Liberation (SIL Open Font License) and the Go fonts (BSD).
var (
	liberation = [][]byte{
		liberationsansregular.TTF, liberationserifregular.TTF, liberationmonoregular.TTF, liberationsansbold.TTF, liberationserifitalic.TTF,
	}
	goFonts = [][]byte{goregular.TTF, gomono.TTF, gomedium.TTF, gobold.TTF, goitalic.TTF}
)

func parse(files [][]byte) ([]*opentype.Font, error) {
	var fonts []*opentype.Font
	for _, data := range files {
		f, err := opentype.Parse(data)
		if err != nil {
			return nil, err
		}
		fonts = append(fonts, f)
	}
	return fonts, nil
}
