package main

import (
	"image"
	"image/color"
	"image/draw"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// face is what crops are labelled with.
var face = func() font.Face {
	f, err := opentype.Parse(goregular.TTF)
	if err != nil {
		panic("cards: the font of golang.org/x/image cannot be read")
	}
	made, err := opentype.NewFace(f, &opentype.FaceOptions{Size: 13, DPI: 72, Hinting: font.HintingFull})
	if err != nil {
		panic("cards: the font of golang.org/x/image cannot be drawn")
	}
	return made
}()

// write writes text from a point of its base line on.
func write(m draw.Image, text string, x, y int, ink color.Color) {
	d := font.Drawer{Dst: m, Src: image.NewUniform(ink), Face: face, Dot: fixed.P(x, y)}
	d.DrawString(text)
}

// writeUp writes text from below upwards.
func writeUp(m draw.Image, text string, x, y int) {
	level := image.NewRGBA(image.Rect(0, 0, font.MeasureString(face, text).Ceil(), 18))
	draw.Draw(level, level.Bounds(), image.White, image.Point{}, draw.Src)
	write(level, text, 0, 13, color.Black)
	for v := range level.Rect.Dy() {
		for u := range level.Rect.Dx() {
			m.Set(x-13+v, y-1-u, level.At(u, v))
		}
	}
}
