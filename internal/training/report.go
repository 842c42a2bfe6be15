package training

import (
	"time"

	"github.com/heard-intake/heard/internal/classifier"
)

// An Outcome is the result of a training.
type Outcome string

// The outcomes.
const (
	Running Outcome = "running" // has not ended, or was broken off
	InUse   Outcome = "in use"  // the new model is in use
	Kept    Outcome = "kept"    // the new model is worse, and the one before stays
	Failed  Outcome = "failed"  // nothing could be learned, and the one before stays
)

// Why says what started a training.
type Why string

// The reasons to train.
const (
	First       Why = "first"    // the stack has never trained
	NewTaxonomy Why = "taxonomy" // a taxonomy was published
	NewProgram  Why = "program"  // this version of Heard cannot read earlier models
	Nightly     Why = "night"
	Requested   Why = "request" // a person asked for it, with heardctl train
)

// Sources are the ETags of the objects whose change starts a training, and the version
// of the features that were computed.
type Sources struct {
	Features uint32 `json:"features"`
	Checked  string `json:"checked"` // the taxonomy in use
	Draft    string `json:"draft"`   // the file that an operator published, or "none"
	Request  string `json:"request"` // empty without a request
}

// Material counts the examples that were learned.
type Material struct {
	Taxonomy    int `json:"taxonomy"` // its examples, phrases, names and vocabularies
	Corrections int `json:"corrections"`
	Registered  int `json:"registered"` // contacts that agents registered with a text
	Attached    int `json:"attached"`   // contacts without a reason that a person attached to a problem
	// LeftOut counts contacts that were not learned: their text or customer is gone,
	// their reason is not in the taxonomy, or they have several reasons.
	LeftOut int `json:"leftOut"`
	// Doubled counts the corrections that count double, because they are among the first
	// ones of an agent.
	Doubled int `json:"doubled"`
	// Truncated reports that there was more material than a training reads or learns.
	Truncated bool `json:"truncated,omitempty"`
}

// A Report describes the last training. It names no customer and has no text of one.
type Report struct {
	Outcome     Outcome   `json:"outcome"`
	Explanation string    `json:"explanation,omitempty"`
	Next        []string  `json:"next,omitempty"` // what a person can do
	Why         Why       `json:"why"`
	At          time.Time `json:"at"` // when it started
	Seconds     float64   `json:"seconds"`
	Taxonomy    string    `json:"taxonomy"`
	Model       string    `json:"model,omitempty"` // in use after the training; empty if none is
	Material    Material  `json:"material"`
	// Figures are those of the new model, and Before those of the model in use if both
	// learned the same version of the taxonomy.
	Figures classifier.Report  `json:"figures"`
	Before  *classifier.Report `json:"before,omitempty"`
	Sources Sources            `json:"sources"`
}

// counts returns the metrics of a training.
func (r Report) counts() map[string]int {
	of := func(is bool) int {
		if is {
			return 1
		}
		return 0
	}
	return map[string]int{
		"Trainings": 1, "ModelsPublished": of(r.Outcome == InUse), "ModelsKept": of(r.Outcome == Kept), "TrainingsFailed": of(r.Outcome == Failed),
		"Corrections": r.Material.Corrections, "RegisteredContacts": r.Material.Registered, "AttachedContacts": r.Material.Attached,
	}
}
