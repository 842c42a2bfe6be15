package store

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/heard-intake/heard/internal/contact"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/message"
	"github.com/heard-intake/heard/internal/problem"
)

// fill sets every exported field of a value to something that is not zero:
// texts, numbers, times, one element of each list, map and pointer. It fails
// for a type that it cannot fill, so that a new field cannot be passed over.
func fill(t *testing.T, v reflect.Value, path string) {
	t.Helper()
	switch v.Interface().(type) {
	case time.Time:
		v.Set(reflect.ValueOf(time.UnixMilli(1772442000000 + int64(len(path))).UTC()))
		return
	case json.RawMessage:
		v.Set(reflect.ValueOf(json.RawMessage(`{"a":1}`)))
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("t" + fmt.Sprint(len(path)))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(int64(len(path)))
	case reflect.Float64:
		v.SetFloat(1.5)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(t, v.Elem(), path+"*")
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(t, v.Index(0), path+"[]")
	case reflect.Map:
		key := reflect.New(v.Type().Key()).Elem()
		value := reflect.New(v.Type().Elem()).Elem()
		fill(t, key, path+"k")
		fill(t, value, path+"v")
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Array:
		for i := range v.Len() {
			fill(t, v.Index(i), path+"[]")
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				fill(t, v.Field(i), path+"."+f.Name)
			}
		}
	default:
		t.Fatalf("%s: cannot fill a %s", path, v.Kind())
	}
}

// Filled returns a value of which fill has set every exported field.
func Filled[T any](t *testing.T) T {
	t.Helper()
	var v T
	fill(t, reflect.ValueOf(&v).Elem(), reflect.TypeFor[T]().Name())
	return v
}

func same[T any](t *testing.T, got, want T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("written and read (-want +got):\n%s", diff)
	}
}

func TestMessageItem_RoundTrip(t *testing.T) {
	t.Parallel()
	want := Filled[message.Message](t)
	want.ID = "1772442000000:whatsapp:wamid.A"
	want.SentAt = time.UnixMilli(1772442000000).UTC()
	want.Channel = message.WhatsApp
	want.ProviderID = "wamid.A"
	want.Direction = message.Outbound
	want.Customer.Assurance = identity.Claimed
	want.Lost = false // derived from the effects, like Deleted and Edited
	want.Deleted = false
	want.Edited = false
	it, err := messageItem(want, "body")
	if err != nil {
		t.Fatal(err)
	}
	got, body, err := readMessage(it)
	same(t, got, want, err)
	if body != "body" {
		t.Errorf("body: got %q, want %q", body, "body")
	}
}

func TestContactItem_RoundTrip(t *testing.T) {
	t.Parallel()
	want := Filled[contact.Contact](t)
	it, err := contactItem(want)
	if err != nil {
		t.Fatal(err)
	}
	want.Version++      // a write increments it
	want.Messages = nil // stored by themselves
	got, err := readContact(it)
	same(t, got, want, err)
}

func TestClaimItem_RoundTrip(t *testing.T) {
	t.Parallel()
	want := Filled[contact.Claim](t)
	it, err := claimItem(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readClaim(it)
	same(t, got, want, err)
}

func TestProblemItem_RoundTrip(t *testing.T) {
	t.Parallel()
	want := Filled[problem.Record](t)
	want.Once = problem.IdempotencyKey{} // an item of its own
	it, err := problemItem(want)
	if err != nil {
		t.Fatal(err)
	}
	want.Revision++ // a write increments it
	want.Was = want.Problem
	got, err := readProblem(it)
	same(t, got, want, err)
}

func TestChangeItem_RoundTrip(t *testing.T) {
	t.Parallel()
	want := Filled[identity.Change](t)
	it, err := changeItem("c", want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := readChange(it)
	same(t, got, want, err)
}

func TestAffectedItem_RoundTrip(t *testing.T) {
	t.Parallel()
	at := time.UnixMilli(1772442000000).UTC()
	want := problem.Affected{Customer: "c", Occurrences: []problem.Occurrence{{Customer: "c", Contact: "k", Day: "2026-03-02", At: at}}}
	same(t, readAffected(affectedItem("p", want)), want, nil)
}

func TestMove_RoundTrip(t *testing.T) {
	t.Parallel()
	want := Filled[identity.Move](t)
	same(t, readMoves([]string{encodeMove(3, want)}), []identity.Move{want}, nil)
}

func TestConsent_RoundTrip(t *testing.T) {
	t.Parallel()
	want := Filled[identity.Consent](t)
	same(t, readConsents([]string{writeConsent(want)}), []identity.Consent{want}, nil)
}

func TestMediaFile_RoundTrip(t *testing.T) {
	t.Parallel()
	want := Filled[message.MediaFile](t)
	want.State = message.Stored
	want.URL = "" // signed for each reader
	file, err := encodeFile(want)
	if err != nil {
		t.Fatal(err)
	}
	var s message.State
	readFile(&s, "0", file)
	same(t, s.Files, []message.MediaFile{want}, nil)
}
