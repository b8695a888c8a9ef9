package problem

import (
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"classsr/fault"
)

// Install makes huma answer errors as problems. It replaces variables of package huma: call it before operations are registered.
func Install() {
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return FromHuma(status, message, errs...)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		p := FromHuma(status, message, errs...)
		for name, values := range p.GetHeaders() { // huma sends them only of errors that handlers return
			for _, value := range values {
				ctx.SetHeader(name, value)
			}
		}
		return p
	}
}

// FromHuma makes the answer to what huma found wrong, or to an error of a handler or resolver, which keeps its kind. 422, as huma answers values
// that do not fit, becomes 400: here it is the answer to damaged pictures.
func FromHuma(status int, message string, errs ...error) *Problem {
	for _, err := range errs {
		var kind *fault.Error
		var detail *huma.ErrorDetail
		if err == nil || errors.As(err, &detail) {
			continue
		}
		if p := Of(err); status >= http.StatusInternalServerError || errors.As(err, &kind) || p.Kind != fault.Internal {
			return p
		}
	}
	kind := kindOf(status)
	if status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	err := fault.New(kind, "%s", describe(message, errs))
	if kind == fault.Internal {
		return Of(err)
	}
	return Of(WithStatus(status, err))
}

// kindOf is the kind of errors that huma answers with a status.
func kindOf(status int) fault.Kind {
	switch {
	case status == http.StatusUnprocessableEntity:
		return fault.Usage
	case status >= http.StatusInternalServerError && status != http.StatusServiceUnavailable, status == 0:
		return fault.Internal
	}
	for kind, s := range statuses {
		if s == status {
			return kind
		}
	}
	return fault.Usage
}

// describe puts what is wrong with each value behind the message. Values are left out: they may be long.
func describe(message string, errs []error) string {
	var parts []string
	for _, err := range errs {
		var detail *huma.ErrorDetail
		switch {
		case err == nil:
		case !errors.As(err, &detail):
			parts = append(parts, err.Error())
		case detail.Location == "":
			parts = append(parts, detail.Message)
		default:
			parts = append(parts, detail.Location+": "+detail.Message)
		}
	}
	if len(parts) == 0 {
		return message
	}
	return message + ": " + strings.Join(parts, "; ")
}
