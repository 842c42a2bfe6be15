package api

import (
	"github.com/heard-intake/heard/internal/brief"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/problem"
	"github.com/heard-intake/heard/internal/workflow"
)

// Scopes returns the scope of every route.
func Scopes() map[string]string {
	all := map[string]string{}
	collect(all, agentRoutes)
	collect(all, departmentRoutes)
	collect(all, chatRoutes)
	return all
}

// DepartmentScopes returns the scope of every route of the departments.
func DepartmentScopes() map[string]string {
	all := map[string]string{}
	collect(all, departmentRoutes)
	return all
}

func collect[H any](all map[string]string, rs routes[H]) {
	for key, r := range rs {
		all[key] = r.scope
	}
}

// Views are what requests and answers hold, by the name of their schema.
func Views() map[string]any {
	return map[string]any{
		"Profile": profile{}, "Suggestion": identity.Suggestion{}, "MessagePage": messagePage{}, "ChangesPage": changesPage{}, "Became": contact.Became{}, "State": contact.State{},
		"Answer": answer{}, "Reply": outgoing{}, "Registration": registration{}, "RegisterEntry": entry{}, "Order": identity.Order{}, "Registered": registered{},
		"ContactPage": contactPage{}, "Contact": contactView{}, "Cause": contact.Cause{}, "WaitingPage": waitingPage{}, "Waiter": waiter{},
		"Brief": brief.Brief{}, "BriefLine": brief.Line{}, "BriefLanguage": brief.Language{}, "BriefReason": brief.Reason{}, "BriefAbout": brief.About{},
		"BriefHolder": brief.Holder{}, "BriefPromise": brief.Promise{}, "BriefProblem": brief.Problem{}, "BriefRepeats": brief.Repeats{},
		"BriefChannel": brief.Channel{}, "BriefSuggestion": brief.Suggestion{}, "BriefSelfService": brief.SelfService{},
		"Claim": contact.Claim{}, "Party": contact.Party{}, "ClaimRequest": taking{}, "ReleaseRequest": releasing{}, "HandOverRequest": handing{}, "NoteRequest": note{},
		"Identity": identified{}, "MergeRequest": merging{}, "Split": split{}, "MoveRequest": moving{}, "MovedAlias": movedAlias{}, "KnownPage": knownPage{}, "KnownAlias": identity.Known{},
		"KnownLink": identity.KnownLink{}, "SuggestionPage": suggestionPage{}, "DecisionRequest": deciding{}, "AuditPage": auditPage{}, "IdentityChange": identity.Change{},
		"Unjoined": identity.Unjoined{}, "ProblemPage": problemPage{}, "Problem": problemView{}, "Names": problem.Names{}, "Label": problem.Label{},
		"AffectedPage": affectedPage{}, "Affected": affectedView{}, "Update": change{},
		"Opening": opening{}, "Hand": hand{}, "ContactRef": workflow.Ref{}, "ProblemLogPage": logPage{}, "ProblemLogLine": problem.Line{},
		"Evidence": problem.Evidence{}, "Proof": problem.Proof{}, "Part": problem.Part{},
		"Session": session{}, "Posted": posted{}, "ChatPage": chatPage{}, "Line": line{},
	}
}

// MaxAnswer is the bound of a page.
const MaxAnswer = maxAnswer

// Unmarshal reads a body into each of the structs that one can be.
func Unmarshal(body []byte) map[string]error {
	errs := map[string]error{}
	for name, v := range map[string]any{"answer": &answer{}, "reply": &outgoing{}, "registration": &registration{}, "entry": &entry{}, "change": &change{},
		"taking": &taking{}, "releasing": &releasing{}, "handing": &handing{}, "merging": &merging{}, "moving": &moving{}, "deciding": &deciding{}, "note": &note{}} {
		errs[name] = unmarshal(body, v)
	}
	return errs
}

// Unseal opens a cursor.
func Unseal(s Sealer, list, cursor string) (string, error) { return unseal(s, list, cursor) }

// Seal makes a cursor.
func Seal(s Sealer, list, place string) string { return seal(s, list, place) }
