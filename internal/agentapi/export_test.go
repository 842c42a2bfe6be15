package agentapi

import (
	"github.com/heard-intake/heard/internal/brief"
	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/taxonomy"
)

// Schemas returns a zero value of the type of each schema in the document.
func Schemas() map[string]any {
	return map[string]any{
		"Profile": profileResponse{}, "Suggestion": identity.Suggestion{}, "MessagePage": messagesResponse{}, "ChangesPage": changesResponse{},
		"Became": message.StateChange{}, "State": message.State{}, "Answer": recordAnswerRequest{}, "Reply": sendAnswerRequest{}, "Registration": recordContactRequest{},
		"RegisterEntry": registerAccountRequest{}, "Order": identity.Order{}, "Registered": registerAccountResponse{},
		"ContactPage": contactsResponse{}, "Contact": contactState{}, "Cause": contact.Cause{}, "WaitingPage": waitingResponse{}, "Waiter": waitingContact{},
		"Brief": brief.Brief{}, "BriefLine": brief.Line{}, "BriefLanguage": brief.Language{}, "BriefWaiting": brief.Waiting{}, "BriefAnswered": brief.Answered{}, "BriefReason": brief.Reason{}, "BriefAbout": brief.About{},
		"BriefHolder": brief.Holder{}, "BriefPromise": brief.Promise{}, "BriefProblem": brief.Problem{}, "BriefRepeats": brief.Repeats{},
		"BriefChannel": brief.Channel{}, "BriefSuggestion": brief.Suggestion{}, "BriefSelfService": brief.SelfService{},
		"Claim": contact.Claim{}, "Party": contact.Party{}, "ClaimRequest": claimRequest{}, "ReleaseRequest": releaseRequest{},
		"HandOverRequest": handOverRequest{}, "MessageDecision": contact.Decision{}, "MessageDecisionRequest": decideMessageRequest{}, "NoteRequest": noteRequest{},
		"Identity": identityResponse{}, "MergeRequest": mergeRequest{}, "Split": unmergeResponse{}, "MoveRequest": moveAliasRequest{}, "MovedAlias": moveAliasResponse{},
		"KnownPage": aliasesResponse{}, "KnownAlias": identity.AliasDetail{}, "KnownLink": identity.AliasLink{}, "SuggestionPage": suggestionsResponse{},
		"NewCustomer": newCustomerRequest{}, "SplitContact": splitContactRequest{}, "JoinContacts": joinContactsRequest{}, "Placed": placedResponse{}, "WaitingCounts": contact.WaitingCounts{}, "DepartmentCount": contact.DepartmentCount{}, "HolderCount": contact.HolderCount{}, "SearchPage": searchResponse{}, "Found": foundCustomer{}, "LastMessage": lastMessage{},
		"Taxonomy": taxonomyResponse{}, "TaxonomyDepartment": taxonomyDepartment{}, "TaxonomyReason": taxonomyReason{}, "TaxonomyProduct": taxonomyProduct{}, "Text": taxonomy.Text{},
		"DecisionRequest": decideSuggestionRequest{}, "AuditPage": identityChangesResponse{}, "IdentityChange": identity.Change{}, "Unjoined": identity.NotJoined{},
	}
}

// Requests returns a pointer to each type of request body, by name.
func Requests() map[string]any {
	return map[string]any{
		"recordAnswer": &recordAnswerRequest{}, "sendAnswer": &sendAnswerRequest{}, "recordContact": &recordContactRequest{},
		"registerAccount": &registerAccountRequest{}, "claim": &claimRequest{}, "release": &releaseRequest{}, "handOver": &handOverRequest{},
		"merge": &mergeRequest{}, "moveAlias": &moveAliasRequest{}, "decideSuggestion": &decideSuggestionRequest{}, "note": &noteRequest{},
		"decideMessage": &decideMessageRequest{}, "correctReasons": &correctReasonsRequest{}, "reclassifyReason": &reclassifyReasonRequest{}, "reclassifyCustomer": &reclassifyCustomerRequest{},
	}
}
