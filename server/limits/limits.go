// Package limits bounds what clients may take of the server: requests, bytes and pixels of each token, connections, and the time that slow clients
// get. It also refuses requests that browsers send for pages of others.
package limits

import "time"

// Limits are what the server allows. What a token has of its own comes before them.
type Limits struct {
	// MaxUpload is how many bytes a request's body may have.
	MaxUpload int64
	// MaxPixels and MaxPixelsIn are how many pixels results and pictures may have.
	MaxPixels, MaxPixelsIn int64
	// MaxJobTime is how long a job may take by its forecast.
	MaxJobTime time.Duration
	// Queue is how many jobs may wait, Jobs how many run at a time.
	Queue, Jobs int
	// Retention is how long results are kept.
	Retention time.Duration
	// MaxDisk is how many bytes pictures and results may have together; 0 means half of what is free, at most 50 GB.
	MaxDisk int64
	// Uploads and UploadsEach are how many may come at a time, in all and of one token.
	Uploads, UploadsEach int
	// Streams is how many streams of events one token may have at a time.
	Streams int
	// Rate is how many requests a second one token may send. Burst seconds' worth may come at once.
	Rate, Burst float64
	// Connections is how many there may be.
	Connections int
	// Speed is how many bytes a second a client must send or take at least, and SpeedTime over how long it may fall short of that.
	Speed     int64
	SpeedTime time.Duration
}

// Default is what holds unless somebody says otherwise.
func Default() Limits {
	return Limits{
		MaxUpload: 200e6, MaxPixels: 400e6, MaxPixelsIn: 100e6, MaxJobTime: 30 * time.Minute, Queue: 1000, Jobs: 2, Retention: 24 * time.Hour,
		Uploads: 64, UploadsEach: 16, Streams: 16, Rate: 20, Burst: 3, Connections: 512, Speed: 8000, SpeedTime: 20 * time.Second,
	}
}
