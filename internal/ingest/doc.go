// Package ingest ingests the deliveries of all channels: webhooks,
// notifications and mails. It checks who sent a delivery, has it normalized, and stores each
// of its elements once.
//
// Platforms resend a webhook that is not answered within a few seconds. So
// intake only stores: contacts, problems and everything else that takes time
// start from the table's stream.
//
// # Deliveries and their elements
//
// A delivery is what arrives at once: one webhook request, one SNS
// notification or one mail. A channel package normalizes it to a
// [message.Delivery]: links, messages, effects and notices, and the broken
// elements that it could not read. [Tally] counts each element once:
//
//	in = stored + duplicate + quarantined + refused + erased
//
//	stored       written now; a link counts here every time
//	duplicate    in the table already, from an earlier delivery
//	quarantined  unreadable, invalid, or with a time that cannot be right (a day
//	             after its receipt, or before 2009); the whole delivery is kept for replay
//	refused      rejected with an error that the sender sees; only web chat does
//	erased       belongs to an erased customer; nothing counts here yet
//
// A delivery that cannot be read at all counts as one quarantined element. The
// sum holds for every invocation that completes without an error. After an
// error the sender delivers again, and the table recognizes duplicates.
//
// # Order of writes
//
// [Ingester.Ingest] writes in this order, and a delivery is acknowledged after
// its last write. Each write may be repeated.
//
//  1. Links between aliases, one after the other.
//  2. Messages, effects and notices, sixteen at a time.
//  3. If an element is broken: the raw delivery in S3, then its case in the
//     table.
//
// Each message of step 2 is written in this order:
//
//  1. The customer of its addresses, looked up or created.
//  2. The attachments of a mail, then its HTML, in S3.
//  3. The whole message in S3, if it is larger than 8 KB.
//  4. The message in the table, with one conditional put.
//
// An effect takes steps 1 and 4. A notice takes step 4, after the consent that
// it reports, if any.
//
// # Races and failures
//
// Two deliveries of one message at the same time
// (TestIngest_ConcurrentDuplicates):
//
//  1. A and B each look up the customer, and find the same one.
//  2. A puts the message, under a key that is made of the message alone.
//  3. B's condition fails, so B counts a duplicate. Both answer 200.
//
// One mail, announced by S3 and by SES at the same time
// (TestMailHandler_ConcurrentAnnouncements):
//
//  1. A reads the mail that S3 announced. B reads the one that SES announced.
//  2. Both build the key from the mail itself, so it is the same.
//  3. The first put wins, and the second is a duplicate.
//
// One mail, sent twice by its server, or over two ways
// (TestMailHandler_SameMailTwice):
//
//  1. SES stores the mail twice, under two ids, and announces both.
//  2. The key is made of the Message-ID, the sender, the content and the time at
//     which the first server received the mail. So it is the same again.
//  3. The first put wins, and the second is a duplicate.
//
// An outage in the middle of a delivery (TestIngest_StoreOutage):
//
//  1. The writes of B and C succeed, and that of A fails.
//  2. The handler answers 503, and the platform delivers A, B and C again.
//  3. B and C are duplicates. A is stored.
//
// A failure between a mail's files and its message
// (TestMailHandler_FilesBeforeMessage):
//
//  1. The put of a file fails, or the function dies after it.
//  2. The message is not written yet, so no history names a missing file.
//  3. The queue delivers again. The files overwrite themselves, under the same
//     keys, and then the message is stored.
//
// SES reports a sent mail out of order (TestMailHandler_SendingEvents):
//
//  1. SES publishes a bounce of our mail.
//  2. SES publishes its delivery, late, or twice.
//  3. Each is an effect with a key of its own, so their order does not matter.
//     The message shows the bounce.
//
// An app secret is rotated while webhooks arrive
// (TestWebhookHandler_SecretRotation):
//
//  1. The function holds the old secret. Meta signs with the new one.
//  2. The signature does not match, so the handler reads the secret again.
//  3. The new value matches. A webhook signed with the previous value still
//     matches too.
package ingest
