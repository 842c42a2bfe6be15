package contact

import (
	"slices"
	"strings"
	"time"

	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// Changes are the items of a customer that were stored after a cursor.
type Changes struct {
	Entries   []message.Entry       // new messages, in any order and of any age
	Effects   []message.StateChange // changed states of messages, new or old
	Contacts  []Contact             // changed contacts in their current form
	Regrouped bool                  // the ids of the customer changed: the whole history must be read again
	Cursor    string                // cursor of the next read
	Complete  bool                  // there are no further changes now
}

// A WaitingContact is one contact of the waiting list.
type WaitingContact struct {
	ID         string              `json:"id"` // id of the contact
	Customer   identity.CustomerID `json:"customerId"`
	Since      time.Time           `json:"waitingSince"`
	Start      time.Time           `json:"start"`
	Department string              `json:"department"`
	Reason     string              `json:"reason,omitempty"`
	Product    string              `json:"product,omitempty"`
	Severity   string              `json:"severity,omitempty"` // of the reason; critical contacts are first on the list
	Question   string              `json:"question,omitempty"` // the first words of the first unanswered message
	Name       string              `json:"name,omitempty"`     // from the register, else as the channel shows it
	Channels   []message.Channel   `json:"channels"`
}

// A Waiter is what a waiting list shows of a customer.
type Waiter struct {
	Name   string // from the register
	Claims []Claim
}

// Critical is the severity of contacts that come before all others on a waiting list.
const Critical = "critical"

// maxQuestion is the length of [Contact.Question], in bytes.
const maxQuestion = 120

// questionOf returns the first words of a message: of its text, else of its subject.
func questionOf(m message.Message) string {
	words := m.Text
	if words == "" {
		words = m.Subject
	}
	return message.Cut(strings.Join(strings.Fields(message.Cut(words, 4*maxQuestion)), " "), maxQuestion)
}

// WaitingCounts says how many contacts wait, at a time.
type WaitingCounts struct {
	At          time.Time         `json:"at,omitzero"` // zero: they were not counted yet
	Departments []DepartmentCount `json:"departments"` // those for which contacts wait, by id
	Holders     []HolderCount     `json:"holders"`     // of these contacts, by kind and id
}

// A DepartmentCount says how many contacts wait for a department.
type DepartmentCount struct {
	Department string    `json:"department"`
	Contacts   int       `json:"contacts"`
	Critical   int       `json:"critical"` // of these, critical ones
	Free       int       `json:"free"`     // of these, contacts whose customer has no holder
	Oldest     time.Time `json:"oldest"`   // beginning of the longest wait
}

// A HolderCount says how many waiting contacts are of customers of one holder.
type HolderCount struct {
	Party
	Contacts int `json:"contacts"`
}

// Add counts a waiting contact. holder is nil for a customer without one.
func (c *WaitingCounts) Add(w WaitingContact, holder *Party) {
	i, found := slices.BinarySearchFunc(c.Departments, w.Department, func(d DepartmentCount, id string) int { return strings.Compare(d.Department, id) })
	if !found {
		c.Departments = slices.Insert(c.Departments, i, DepartmentCount{Department: w.Department, Oldest: w.Since})
	}
	d := &c.Departments[i]
	d.Contacts++
	if w.Severity == Critical {
		d.Critical++
	}
	if w.Since.Before(d.Oldest) {
		d.Oldest = w.Since
	}
	if holder == nil {
		d.Free++
		return
	}
	j, found := slices.BinarySearchFunc(c.Holders, *holder, func(h HolderCount, p Party) int { return strings.Compare(h.String(), p.String()) })
	if !found {
		c.Holders = slices.Insert(c.Holders, j, HolderCount{Party: *holder})
	}
	c.Holders[j].Contacts++
}
