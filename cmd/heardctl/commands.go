package main

import "context"

// command is one command of heardctl. run parses the flags in args itself.
type command struct {
	name, args string
	does       string // one line for the list of commands
	example    string // a complete command line, without "heardctl"
	run        func(t *tool, ctx context.Context, args []string) error
}

func commands() []command {
	return []command{
		{
			"demo", "", "play a short story over all channels, and show the history and the problem item",
			"demo", (*tool).runDemo,
		},
		{
			"send", "<channel> <file...>", "send a delivery to the stack as its platform does: signed, or mail by SMTP",
			"send whatsapp events/deliveries/whatsapp.json", (*tool).sendFiles,
		},
		{
			"normalize", "<channel> <file...>", "print the content of a delivery, one JSON line per element; needs no stack",
			"normalize email events/deliveries/email.eml", (*tool).normalizeFiles,
		},
		{
			"history", "<kind:value>", "show a customer with all messages and contacts",
			"history phone:31612345678", (*tool).showHistory,
		},
		{
			"brief", "<kind:value>", "show the summary of a customer that an agent reads before answering",
			"brief account:K-1001", (*tool).showBrief,
		},
		{
			"reply", "<kind:value> <text>", "send an answer to a customer by mail",
			"reply email:jan@example.com 'We have sent a new manual.'", (*tool).sendReply,
		},
		{
			"waiting", "<department>", "list the customers who wait for an answer, the longest wait first",
			"waiting documentation", (*tool).showWaiting,
		},
		{
			"claim", "<kind:value>", "claim a customer, so that no other agent answers",
			"claim -as agent:agent-7 account:K-1001", (*tool).claimCustomer,
		},
		{
			"handover", "<kind:value> <to> <reason>", "hand a customer over to another agent, bot or team",
			"handover -as bot:bot-1 account:K-1001 team:returns 'asks for a person'", (*tool).handOverCustomer,
		},
		{
			"release", "<kind:value>", "end the claim on a customer, so that any agent may answer",
			"release -as agent:agent-7 account:K-1001", (*tool).releaseCustomer,
		},
		{
			"note", "<kind:value> <kind> <text>", "write a note of kind want, tried, promise, kept or info",
			"note -due 48h account:K-1001 promise 'A new manual comes by post.'", (*tool).addNote,
		},
		{
			"events", "", "print the events for agent tools on the queue contact-events, one JSON line each",
			"events", (*tool).showEvents,
		},
		{
			"identity", "<kind:value>", "show the aliases of a customer with their proof, possible matches and changes",
			"identity account:K-1001", (*tool).showIdentity,
		},
		{
			"merge", "-why <text> <into> <from>", "merge two customers, each named by id or alias",
			"merge -why 'same order number' account:K-1001 email:jan@example.com", (*tool).mergeCustomers,
		},
		{
			"unmerge", "-why <text> <id>", "undo the merge that gave this id to its customer",
			"unmerge -why 'two people' 01991234-5678-7abc-8def-0123456789ab", (*tool).unmergeCustomer,
		},
		{
			"move", "-why -from <alias> [to]", "move an alias to another customer, or to a new one",
			"move -why 'number was reissued' -from 2026-03-01T00:00:00Z phone:31612345678", (*tool).moveAlias,
		},
		{
			"dismiss", "-why <text> <one> <other>", "record that two customers are two people, so that no rule merges them",
			"dismiss -why 'father and son' account:K-1001 account:K-1002", (*tool).dismissSuggestion,
		},
		{
			"import", "[-dry-run] <file.jsonl>", "register customers: number, name, locale, phones, mails, orders",
			"import -dry-run events/deliveries/register.jsonl", (*tool).importRegister,
		},
		{
			"doctor", "[-staff <list>]", "find web forms and mailboxes of ours whose mails share one customer",
			"doctor", (*tool).findForms,
		},
		{
			"part", "-forms <list> <address>", "move the mails from an address to the customers who wrote them",
			"part -dry-run -forms noreply@forms.example noreply@forms.example", (*tool).separateForm,
		},
		{
			"problems", "[department]", "list the problems of a department, or of all",
			"problems documentation", (*tool).showProblems,
		},
		{
			"problem", "<act> <id> ...", "show or change a problem: show, open, step, attach, detach, split, merge, log",
			"problem step -comment 'We are looking.' 01991234-5678-7abc-8def-0123456789ab acknowledged", (*tool).runProblem,
		},
		{
			"candidates", "[confirm|dismiss <id>]", "list possible problems that the taxonomy does not know, or decide on one",
			"candidates confirm -why 'recall of 3 March' -reason defect 3f2a9c", (*tool).runCandidates,
		},
		{
			"queue", "<department>", "show the problem items on a department's queue",
			"queue documentation", (*tool).showQueue,
		},
		{
			"resend", "<department|problem>", "send the latest item of a problem, or of all open ones, to the queue again",
			"resend documentation", (*tool).resendItems,
		},
		{
			"corrections", "[-text]", "print the corrections by agents, one JSON line each; -text prints masked texts",
			"corrections -since 2026-03-01T00:00:00Z", (*tool).exportCorrections,
		},
		{
			"reclassify", "-reason <id> -since <time>", "classify contacts again by the current taxonomy",
			"reclassify -reason unknown -since 2026-03-01T00:00:00Z -dry-run", (*tool).reclassifyContacts,
		},
		{
			"replay", "quarantine|dead", "process unreadable deliveries or dead letters again",
			"replay -list quarantine", (*tool).replayFailed,
		},
		{
			"taxonomy", "check|publish <file>", "check a taxonomy, or check and publish it",
			"taxonomy check -text 'my invoice is wrong' infra/taxonomy.yaml", (*tool).runTaxonomy,
		},
		{
			"token", "", "print a token for the API of the local stack",
			"token -department documentation", (*tool).printToken,
		},
	}
}
