package classsr_test

import (
	"context"
	"fmt"
	"log"

	"classsr"
	"classsr/picture"
)

func Example() {
	model, err := classsr.Open("carn-m-x4")
	if err != nil {
		log.Fatal(err)
	}
	up, err := model.Upscaler(classsr.Options{})
	if err != nil {
		log.Fatal(err)
	}
	small := picture.New(12, 8, 3, false, 8) // or imageio.DecodeFile
	large, report, err := up.Upscale(context.Background(), small)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(large.Width, large.Height, report.Model, report.Mode)
	// Output: 48 32 carn-m-x4 full
}
