package infer

// goOn has the processor compute what a device has not. It returns an error if that cannot be, since what was given away may be wrong.
func (e *Enlargement) goOn(failed *deviceError) error {
	e.device.failed(failed)
	from, _ := e.job.plan.band(e.next)
	e.macs = e.job.plan.macsDone() - e.job.plan.routerMACs()
	e.leaveDevice()
	e.device.end()
	if failed.wrong {
		e.device.device.Distrust(failed.Error())
		if e.next > 0 || e.follows {
			return ErrUntrusted
		}
	}
	rest, whole := e.processor, e.whole
	if from > 0 {
		rest = e.up.method.(divisible).part(e.claim.claimed(), e.claim.sizing, rest.choice, from, rest.size.Y)
		if whole != nil {
			whole = whole.Band(from*e.job.scale, whole.Height)
		}
	}
	j, err := newJob(e.job.view, rest, e.job.scale)
	if err != nil {
		return err
	}
	e.job = j
	e.canvas = e.up.method.canvas(j, whole, false)
	e.start()
	return nil
}

// leaveDevice gives up what lanes share with the device. Nobody works any more.
func (e *Enlargement) leaveDevice() {
	for _, l := range e.lanes { // whose piece is not complete
		l.rest()
	}
	for _, l := range e.free {
		l.rest()
	}
	e.lanes, e.free = map[int]*ownLane{}, nil
}
