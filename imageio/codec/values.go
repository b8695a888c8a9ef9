package codec

// Options is what is wanted of a file; the zero value is its picture as it is. Formats to which an option means nothing ignore it.
type Options struct {
	// Page is which one is read of a file of several pages, from 1 on; 0 is the first, too.
	Page int
	// Bands are the numbers, from 1 on, of the channels that become gray (one) or red, green and blue (three); nil leaves it to the file.
	Bands []int
	// Band, if not 0, is the number of the one band that becomes gray where all of a file are read, one after the other: also one that is alpha,
	// which has no other meaning then.
	Band int
	// Range is what becomes black and white of samples that are not whole numbers from 0 on; nil leaves it to the file: 0 and 1 if all samples
	// lie between them and the largest is above 1/2, else the smallest and the largest one.
	Range *Range
}

// Range is a range of samples, as they are in a file.
type Range struct{ Low, High float64 }

// Values says what the samples of a picture stand for in its file, so that another can hold the same.
type Values struct {
	// Type is "float16", "float32" or "float64", or "int" or "uint" with a number of bits, as "int16".
	Type string
	Range
	// NoData, if not nil, is the sample that marks pixels without a value. They are transparent in the picture.
	NoData *float64
	// Alpha says that the file has alpha beside that; then it is alpha that tells which pixels are transparent.
	Alpha bool
	// NoDataText is how the file writes it; empty if the file does not say that there are such pixels.
	NoDataText string
}
