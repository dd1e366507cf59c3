package b2bua

import (
	"testing"
	"testing/synctest"
)

func TestAConsultationThroughTheEdgeIsReplacedOnItsFarSide(t *testing.T) {
	t.Parallel()
	const byTheAgent = "Refer-To: <sip:psap-new@h?Replaces=a-leg%3Bto-tag%3Dedge-a%3Bfrom-tag%3Dtag-a>"
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, Options{})
		a, b := w.up()
		_, agent := w.second(emergency("psap-new"))
		b.refers(byTheAgent).got(202) // which is not answered yet
		b.told(100, "active")
		b.told(481, "terminated")
		psap := w.b(2)
		psap.answers(answerC)
		agent.expect("answer 200")
		agent.acks("")
		b.refers(byTheAgent).got(202)
		b.told(100, "active")
		c := w.b(3)
		has(c, c.out.Message, "Replaces: call-b2;to-tag=tag-b2;from-tag=edge-b2", "Require: replaces")
		c.answers(answerC)
		psap.byes() // it has another now
		agent.expect("bye")
		b.told(200, "terminated")
		b.expect("bye")
		a.silent()
		a.byes()
		c.expect("bye")
		w.running.Wait()
	})
}
