package metadata

import "bytes"

// withoutStatistics leaves out what GDAL noted of the samples, which are others now.
func withoutStatistics(xml []byte) []byte {
	const begin, end = `<Item name="STATISTICS_`, "</Item>"
	var out []byte
	for {
		at := bytes.Index(xml, []byte(begin))
		if at < 0 {
			return append(out, xml...)
		}
		length := bytes.Index(xml[at:], []byte(end))
		if length < 0 {
			return append(out, xml...)
		}
		out = append(out, bytes.TrimRight(xml[:at], " \t")...)
		xml = bytes.TrimLeft(xml[at+length+len(end):], "\r\n")
	}
}
