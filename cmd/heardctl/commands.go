package main

import (
	"context"
	"slices"
)

// command is one command of heardctl. run parses the flags in args itself.
type command struct {
	name, args string
	does       string // one line for the list of commands
	example    string // a complete command line, without "heardctl"
	run        func(t *tool, ctx context.Context, args []string) error
}

// commands returns all commands, in the order of the help.
func commands() []command {
	return slices.Concat(
		deliveryCommands(), agentCommands(), identityCommands(), registerCommands(), problemCommands(), taxonomyCommands(), stackCommands(),
	)
}

// stackCommands are the commands for the operation of the stack itself.
func stackCommands() []command {
	return []command{
		{
			"replay", "quarantine|dead", "process unreadable deliveries or dead letters again",
			"replay -list quarantine", (*tool).replayFailed,
		},
		{
			"token", "", "print a token for the API of the local stack",
			"token -department documentation", (*tool).printToken,
		},
	}
}
