package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/heard-intake/heard/internal/channel/whatsapp"
	"github.com/heard-intake/heard/internal/identity"
	"github.com/heard-intake/heard/internal/ingest"
	"github.com/heard-intake/heard/internal/store"
	"github.com/heard-intake/heard/internal/store/storetest"
	"github.com/heard-intake/heard/internal/traffic"
)

// measureUnits measures the hot path: the cost of one webhook with one text until
// its response.
func measureUnits(ctx context.Context, r run) error {
	l := newLedger()
	table, db, err := r.newTable(ctx, l)
	if err != nil {
		return err
	}
	ingester := &ingest.Ingester{Store: ingest.StoreOf(table), Now: time.Now}
	say := func(p traffic.Person, id, text string) error {
		d, err := whatsapp.Normalize(traffic.WhatsApp(traffic.Said{From: p, ID: traffic.Wamid(p, id), At: time.Now(), Text: text}))
		if err != nil {
			return fmt.Errorf("normalize: %w", err)
		}
		tally, err := ingester.Ingest(withPurpose(ctx, inbound), d, ingest.Source{})
		if err == nil && tally.Stored+tally.Duplicate != 1 {
			err = fmt.Errorf("got tally %+v, want one stored or duplicate message", tally)
		}
		return err
	}
	one := traffic.Someone(1)
	one.BSUID = "" // one alias only
	two := traffic.Someone(2)
	for _, step := range []struct {
		name        string
		person      traffic.Person
		id          string
		write, read string
	}{
		{"hot path, new sender with one alias", one, "1", atMost(2), ""},
		{"hot path, known sender with one alias", one, "2", atMost(1), atMost(0.5)},
		{"hot path, new sender with two aliases", two, "1", atMost(5), ""},
		{"hot path, known sender with two aliases", two, "2", atMost(1), atMost(0.5)},
		{"hot path, a text that came before", two, "2", atMost(1), atMost(0.5)},
	} {
		if err := say(step.person, step.id, "Waar blijft mijn bestelling?"); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		computed, reported := l.takeCost(inbound)
		r.printFigure(figure{step.name, computed.write, "write units", step.write})
		r.printFigure(figure{step.name, computed.read, "read units", step.read})
		r.printFigure(figure{step.name + local, reported.write, "write units", step.write})
		r.printFigure(figure{step.name + local, reported.read, "read units", step.read})
	}
	long := strings.Repeat("Ik wacht op mijn pakket. ", 20)
	if err := say(two, "long", long[:500]); err != nil {
		return fmt.Errorf("text of 500 bytes: %w", err)
	}
	size, err := largestMessage(ctx, db)
	if err != nil {
		return err
	}
	r.printFigure(figure{"item of a WhatsApp text of 500 ASCII bytes, new users' two aliases", float64(size), "bytes", atMost(1024)})
	return measureMerges(ctx, r, l, table, one, two)
}

// measureMerges measures the cost of a merge of two customers, and of its undo.
func measureMerges(ctx context.Context, r run, l *ledger, table *store.Table, one, two traffic.Person) error {
	ids := make([]identity.CustomerID, 2)
	for i, p := range []traffic.Person{one, two} {
		var err error
		if ids[i], _, err = table.Customers.FindCustomer(ctx, identity.Alias{Kind: identity.Phone, Value: p.Phone}); err != nil {
			return fmt.Errorf("find customer %d: %w", i+1, err)
		}
	}
	l.takeCost(inbound)
	d := identity.Decision{By: "figures", Why: "the same person", At: time.Now()}
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"merge of two customers", func() error {
			_, err := table.Customers.MergeCustomers(withPurpose(ctx, inbound), ids[0], ids[1], d)
			return err
		}},
		{"unmerge of two customers", func() error {
			_, _, err := table.Customers.UnmergeCustomer(withPurpose(ctx, inbound), ids[1], d)
			return err
		}},
	} {
		if err := step.do(); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
		computed, reported := l.takeCost(inbound)
		r.printFigure(figure{step.name, computed.write, "write units", ""})
		r.printFigure(figure{step.name, computed.read, "read units", ""})
		r.printFigure(figure{step.name + local, reported.write, "write units", ""})
	}
	return nil
}

// largestMessage returns the size in bytes of the largest message in a table.
func largestMessage(ctx context.Context, db *dynamodb.Client) (int, error) {
	out, err := db.Scan(ctx, &dynamodb.ScanInput{TableName: aws.String(storetest.Name)})
	if err != nil {
		return 0, fmt.Errorf("scan the table: %w", err)
	}
	size := 0
	for _, it := range out.Items {
		if store.KindOfItem(it) == store.KindMessage {
			size = max(size, itemSize(it))
		}
	}
	return size, nil
}
