package store

import (
	"context"
	"encoding/json"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/fault"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
)

// Get returns one message of a customer with its state, read consistently.
// An unknown id is [fault.NotFound].
func (t Messages) Get(ctx context.Context, c identity.CustomerID, id message.ID) (message.Entry, error) {
	it, err := t.getItem(ctx, key(customerPK(c), messageSK(id)), true)
	if err != nil {
		return message.Entry{}, err
	}
	if it == nil {
		return message.Entry{}, fault.New(fault.NotFound, "there is no such message")
	}
	m, whole, err := readMessage(it)
	if err != nil {
		return message.Entry{}, err
	}
	entries := []message.Entry{{Message: m, Whole: whole}}
	err = t.addStates(ctx, identity.Customer{}, entries)
	return entries[0], err
}

// AliasByKey returns the alias with a key, and its first owner. An unknown key
// is [fault.NotFound].
func (t Customers) AliasByKey(ctx context.Context, pk string) (identity.Address, identity.CustomerID, error) {
	it, err := t.getItem(ctx, key(pk, aliasSK), true)
	if err != nil {
		return identity.Address{}, "", err
	}
	if it == nil {
		return identity.Address{}, "", fault.New(fault.NotFound, "there is no such alias")
	}
	a := readAlias(it)
	return a.address, a.customer, nil
}

// PutShownName stores the name that a platform shows. It counts while the
// register has no name, and finds the customer.
func (t Customers) PutShownName(ctx context.Context, c identity.CustomerID, name string) error {
	if pk, full := t.fullNamePK(name); full {
		registered, err := t.update(ctx, &dynamodb.UpdateItemInput{
			Key:                       key(customerPK(c), profileSK),
			UpdateExpression:          exprf("SET %s = :n, %s = :pk, %s = :c", attrProfileShownName, gsiPK, gsiSK),
			ConditionExpression:       exprf("attribute_not_exists(%s)", attrProfileName),
			ExpressionAttributeValues: item{":n": str(name), ":pk": str(pk), ":c": str(string(c))},
		})
		if err != nil || !registered {
			return err
		}
	}
	_, err := t.update(ctx, &dynamodb.UpdateItemInput{
		Key:                       key(customerPK(c), profileSK),
		UpdateExpression:          exprf("SET %s = :n", attrProfileShownName),
		ExpressionAttributeValues: item{":n": str(name)},
	})
	return err
}

// A fileItem is a file in an effect item.
type fileItem struct {
	Type   string `json:"t,omitempty"`
	Size   int64  `json:"s,omitempty"`
	SHA256 string `json:"h,omitempty"`
	Name   string `json:"n,omitempty"`
	Reason string `json:"r,omitempty"`
	Key    string `json:"k,omitempty"`
}

// encodeFile encodes a file so that the larger of two texts counts: a stored
// file replaces a failed one, in any order.
func encodeFile(f message.MediaFile) (string, error) {
	rank := "0"
	if f.State == message.Stored {
		rank = "1"
	}
	data, err := json.Marshal(fileItem{f.Type, f.Size, f.SHA256, f.Name, f.Reason, f.Key})
	if err != nil {
		return "", fault.Wrap(fault.Internal, err, "encode file")
	}
	return rank + string(data), nil
}

func readFile(s *message.State, index, file string) {
	i, err := strconv.Atoi(index)
	if err != nil || file == "" {
		return
	}
	var f fileItem
	if json.Unmarshal([]byte(file[1:]), &f) != nil {
		return
	}
	state := message.Failed
	if file[0] == '1' {
		state = message.Stored
	}
	for len(s.Files) <= i {
		s.Files = append(s.Files, message.MediaFile{})
	}
	s.Files[i] = message.MediaFile{State: state, Type: f.Type, Size: f.Size, SHA256: f.SHA256, Name: f.Name, Reason: f.Reason, Key: f.Key}
}
