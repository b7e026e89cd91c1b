package api

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// register is the API, top to bottom: every route with who may call it. /openapi.json and /openapi.yaml, public too, come with newHuma.
func (s *server) register(api huma.API) {
	handle(api, s, route{http.MethodGet, "/v1/platform", "platform", public,
		"What this platform is", "The network, the contracts that are followed, the fee and limits in force, and how far the ledger has been read.",
		[]kind{kindBehind, kindUpstream}}, (*server).platform)

	handle(api, s, route{http.MethodGet, "/v1/trades", "list-trades", public,
		"List trades", "Newest first. Filters add up.",
		[]kind{kindBehind}}, (*server).listTrades)
	handle(api, s, route{http.MethodGet, "/v1/trades/{id}", "read-trade", public,
		"Read a trade", "What was agreed, how each milestone stands at the ledger named, what the clock does next, and what everybody can do.",
		[]kind{kindNoTrade, kindBehind, kindUpstream}}, (*server).readTrade)
	handle(api, s, route{http.MethodGet, "/v1/trades/{id}/events", "list-events", public,
		"List a trade's events", "Oldest first.",
		[]kind{kindNoTrade, kindBehind, kindUpstream}}, (*server).listEvents)
	handle(api, s, route{http.MethodGet, "/v1/trades/{id}/terms", "read-terms", public,
		"Read the exact terms", "The terms as the contract has them, as JSON and as XDR. Keep them: with the contract's address they are all that is needed to move the money without this platform.",
		[]kind{kindNoTrade, kindBehind, kindUpstream}}, (*server).readTerms)

	handle(api, s, route{http.MethodPost, "/v1/trades", "prepare-open", public,
		"Prepare a new trade", "Checks the terms as the contract does and answers the unsigned transaction that opens the trade. Nothing is stored on the chain until it is signed and submitted.",
		[]kind{kindBehind, kindNoAccount, kindRefused, kindSimulation, kindCannotPay, kindTree, kindUpstream}}, (*server).prepareOpen)
	handle(api, s, route{http.MethodPost, "/v1/trades/{id}/actions/{action}", "prepare-action", public,
		"Prepare an action", "Answers the unsigned transaction for accept, fund, cancel, deliver, release, refund, settle, dispute, offer, accept_offer, evidence, rule, appeal, claim or extend, as of the network's newest ledger.",
		[]kind{kindNoTrade, kindBehind, kindNoAccount, kindAsset, kindRefused, kindSimulation, kindCannotPay, kindTree, kindUpstream}}, (*server).prepareAction)
	handle(api, s, route{http.MethodPost, "/v1/assets/{asset}/actions/collect", "prepare-collect", public,
		"Prepare the payout of booked fees", "Anyone may send the platform's booked fees to their receiver.",
		[]kind{kindBehind, kindNoAccount, kindAsset, kindRefused, kindSimulation, kindTree, kindUpstream}}, (*server).prepareCollect)

	handle(api, s, route{http.MethodPost, "/v1/transactions/assemble", "assemble-transaction", public,
		"Put signed authorisations into a prepared transaction", "Tries the transaction again with them and answers it complete; its hash has changed. Needed only where somebody else than the transaction's source authorises the call.",
		[]kind{kindTransaction, kindNoTrade, kindAsset, kindRefused, kindSimulation, kindCannotPay, kindTree, kindUpstream}}, (*server).assembleTransaction)
	handle(api, s, route{http.MethodPost, "/v1/transactions", "submit-transaction", public,
		"Submit a signed transaction", "Hands it to the network. Submitting the same one again is safe: it can be included once only.",
		[]kind{kindTransaction, kindNotAccepted, kindUpstream}}, (*server).submitTransaction)
	handle(api, s, route{http.MethodGet, "/v1/transactions/{hash}", "read-transaction", public,
		"Read what became of a transaction", "One state: prepared, submitted, included, projected, failed or expired.",
		[]kind{kindNoTx, kindUpstream}}, (*server).readTransaction)

	handleAlways(api, s, route{http.MethodGet, "/v1/problems", "list-problems", public,
		"List every kind of problem", "", nil}, (*server).listProblems)
	handleAlways(api, s, route{http.MethodGet, "/v1/problems/{code}", "read-problem", public,
		"Read what a kind of problem means", "A problem's type points here.",
		[]kind{kindNoProblem}}, (*server).readProblem)

	handleAlways(api, s, route{http.MethodGet, "/healthz", "health", public,
		"Whether this process answers", "", nil}, (*server).health)
	handleAlways(api, s, route{http.MethodGet, "/readyz", "readiness", public,
		"Whether reads can be answered", "503, with the reason and how far it is, until everything that the network held when this process started has been read, and whenever reads fall behind by more than a minute's ledgers. Until then reads and preparations answer 503 too.",
		[]kind{kindNotReady}}, (*server).ready)

	// huma documents its own kind of error along with ours; it never leaves (ownProblems).
	for _, schema := range []string{"ErrorModel", "ErrorDetail"} {
		delete(api.OpenAPI().Components.Schemas.Map(), schema)
	}
	widen(api.OpenAPI())
}
