package api

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// TestWhatIsGivenIsNotTakenForLeftOut: 0 seconds and an empty name are values, and bad ones; whoever sends them did not ask for what stands in for a field left out.
func TestWhatIsGivenIsNotTakenForLeftOut(t *testing.T) {
	c := newClient(t, newModelNet())
	id := c.funded()
	actions, stranger := "/v1/trades/"+id+"/actions/", address("stranger")
	open := string(must(json.Marshal(OpenIn{Terms: goodTerms(), By: "buyer"})))
	for _, test := range []struct{ path, body, at, says string }{
		{actions + "extend", `{"source":"` + stranger + `","valid_for":0}`, "body.valid_for", "30 to 3600"},
		{"/v1/trades", `{"valid_for":0,` + open[1:], "body.valid_for", "30 to 3600"},
		{"/v1/assets/" + contractAddress("usdc").String() + "/actions/collect", `{"source":"` + stranger + `","valid_for":0}`, "body.valid_for", "30 to 3600"},
		{actions + "release", `{"by":"","milestone":0,"amount":"1"}`, "body.by", "empty"},
		{actions + "release", `{"source":"","milestone":0,"amount":"1"}`, "body.source", "empty"},
		{actions + "claim", `{"source":"` + stranger + `","role":"","amount":""}`, "body.amount", "empty"},
		{actions + "claim", `{"by":"seller","to":""}`, "body.to", "empty"},
		{actions + "offer", `{"by":"buyer","milestone":0,"of":"","seller_amount":"1"}`, "body.of", "empty"},
		{actions + "deliver", `{"milestone":0,"proof":""}`, "body.proof", "empty"},
		{"/v1/trades", `{"source":"",` + open[1:], "body.source", "empty"},
	} {
		p := c.problem(http.StatusUnprocessableEntity, http.MethodPost, test.path, test.body)
		if f, ok := p.field(test.at); !ok || !strings.Contains(f.Message, test.says) {
			t.Errorf("%s with %s: %+v", test.path, test.body, p.Errors)
		}
	}
	want[PreparedOut](c, http.StatusOK, http.MethodPost, actions+"extend", `{"source":"`+stranger+`","valid_for":30}`)
}
