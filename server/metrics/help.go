package metrics

// helps says what each count is, without the prefix.
var helps = map[string]string{
	"build_info":                "Always 1; the labels say which program this is.",
	"class_pixels_total":        "Pixels of pictures by the class of the model that enlarged them.",
	"connections":               "Connections that are open.",
	"connections_dropped_total": "Connections that were closed because there were too many.",
	"direct_waiting":            "Requests that wait for a turn: small pictures, views and plans.",
	"disk_free_bytes":           "Bytes that are free on the disk of pictures and results.",
	"disk_used_bytes":           "Bytes of pictures and results.",
	"errors_total":              "Jobs that failed, by the kind of error.",
	"forecast_error_ratio":      "How many times as long as was forecast a job took.",
	"jobs":                      "Jobs in the table by their state.",
	"jobs_ended_total":          "Jobs that were over, by their state.",
	"memory_budget_bytes":       "Memory that enlarging may take.",
	"memory_parked_bytes":       "Memory that is kept for the next picture.",
	"memory_reserved_bytes":     "Memory that pictures under way have reserved.",
	"pixels_total":              "Pixels of pictures (in) and of their results (out).",
	"queue_forecast_seconds":    "Seconds that all waiting jobs take together, as far as is known.",
	"queue_seconds":             "Seconds that jobs waited before they began.",
	"received_bytes_total":      "Bytes of bodies of requests.",
	"refused_total":             "Requests that were answered with an error, by its kind.",
	"request_seconds":           "Seconds that requests took, their bodies and answers included.",
	"requests_total":            "Requests by route and status.",
	"sent_bytes_total":          "Bytes of bodies of answers.",
	"stage_seconds_total":       "Seconds that were spent on a part of the work, of all jobs that ran at the same time.",
}
