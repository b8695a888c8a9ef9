package queue

import (
	"crypto/subtle"
	"fmt"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats.go"
)

// callout is the subject on which a nats-server asks who may come in.
const callout = "$SYS.REQ.USER.AUTH"

// admit answers a nats-server that asks whether somebody may come in, and what they may do then.
func (q *Queue) admit(m *nats.Msg) {
	text, err := q.answer(string(m.Data))
	if err == nil {
		err = m.Respond([]byte(text))
	}
	if err != nil {
		q.o.Log.Warn("a nats-server asked who may come in, and cannot be answered", "error", err)
	}
}

func (q *Queue) answer(request string) (string, error) {
	asked, err := jwt.DecodeAuthorizationRequestClaims(request)
	if err != nil {
		return "", err
	}
	answer := jwt.NewAuthorizationResponseClaims(asked.UserNkey)
	answer.Audience = asked.Server.ID
	user, password := asked.ConnectOptions.Username, asked.ConnectOptions.Password
	if s := q.named(user); s == nil || subtle.ConstantTimeCompare([]byte(s.password), []byte(password)) != 1 {
		answer.Error = "the login is not known, or not any more"
	} else if answer.Jwt, err = q.may(asked.UserNkey, s); err != nil {
		return "", fmt.Errorf("cannot sign what worker %s may do: %w", s.worker, err)
	}
	return answer.Encode(q.o.Issuer.pair)
}

// may says what a worker may do: take from its own consumer, beat, knock, and hear what is for it.
//
// It does not end by itself, since the clocks of two machines may differ. Who has lost the place has no consumer any more, is not listened to, and cannot come in again.
func (q *Queue) may(key string, s *seat) (string, error) {
	user := jwt.NewUserClaims(key)
	user.Name = s.name
	user.Audience = Account
	user.Pub.Allow.Add(
		"$JS.API.CONSUMER.MSG.NEXT."+stream+"."+s.name, "$JS.API.CONSUMER.INFO."+stream+"."+s.name, "$JS.ACK."+stream+"."+s.name+".>",
		subject(q.o.Epoch, beats, s.name), subject(q.o.Epoch, knocks, s.name))
	user.Sub.Allow.Add(inbox(s.name)+".>", subject(q.o.Epoch, tells, s.name))
	user.Subs = mostSubs
	user.Limits.Payload = MostPayload
	return user.Encode(q.o.Issuer.pair)
}
