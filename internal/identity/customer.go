package identity

import "time"

// A Customer is a person, with everybody merged into one.
type Customer struct {
	ID         CustomerID   // the id that stands for all
	Members    []CustomerID // every id of the person, ID first
	Name       string       // from the register
	Locale     string       // from the register: "nl-NL"
	Account    string       // the company's own customer number
	Registered []string     // keys of the aliases that the register names
}

// A Registration is what the company's own register says of a customer.
type Registration struct {
	Account string
	Name    string
	Locale  string
	Phones  []Alias
	Mails   []Alias
	Orders  []Order
	At      time.Time
}

// An Order is what a customer bought, as far as it tells what a message is
// about.
type Order struct {
	Number   string   `json:"number"`
	Products []string `json:"products"`
}
