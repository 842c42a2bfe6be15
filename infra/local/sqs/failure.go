package sqs

import (
	"fmt"
	"net/http"
)

// failure is an error response of SQS. shape is the error type in the JSON
// protocol, code the one in the query protocol.
type failure struct {
	status  int
	shape   string
	code    string
	message string
}

const (
	sqsShape   = "com.amazonaws.sqs#"
	coralShape = "com.amazon.coral.service#"
	oldCode    = "AWS.SimpleQueueService."
)

var (
	errNoQueue          = failure{status: 400, shape: sqsShape + "QueueDoesNotExist", code: oldCode + "NonExistentQueue"}
	errQueueExists      = failure{status: 400, shape: sqsShape + "QueueNameExists", code: "QueueAlreadyExists"}
	errAttributeName    = failure{status: 400, shape: sqsShape + "InvalidAttributeName", code: "InvalidAttributeName"}
	errAttributeValue   = failure{status: 400, shape: sqsShape + "InvalidAttributeValue", code: "InvalidAttributeValue"}
	errContents         = failure{status: 400, shape: sqsShape + "InvalidMessageContents", code: "InvalidMessageContents"}
	errHandle           = failure{status: 404, shape: sqsShape + "ReceiptHandleIsInvalid", code: "ReceiptHandleIsInvalid"}
	errOverLimit        = failure{status: 403, shape: sqsShape + "OverLimit", code: "OverLimit"}
	errPurging          = failure{status: 403, shape: sqsShape + "PurgeQueueInProgress", code: oldCode + "PurgeQueueInProgress"}
	errBatchEmpty       = failure{status: 400, shape: sqsShape + "EmptyBatchRequest", code: oldCode + "EmptyBatchRequest"}
	errBatchTooMany     = failure{status: 400, shape: sqsShape + "TooManyEntriesInBatchRequest", code: oldCode + "TooManyEntriesInBatchRequest"}
	errBatchTooLong     = failure{status: 400, shape: sqsShape + "BatchRequestTooLong", code: oldCode + "BatchRequestTooLong"}
	errBatchID          = failure{status: 400, shape: sqsShape + "InvalidBatchEntryId", code: oldCode + "InvalidBatchEntryId"}
	errBatchNotDistinct = failure{status: 400, shape: sqsShape + "BatchEntryIdsNotDistinct", code: oldCode + "BatchEntryIdsNotDistinct"}
	errNotFound         = failure{status: 404, shape: sqsShape + "ResourceNotFoundException", code: "ResourceNotFoundException"}
	errUnsupported      = failure{status: 400, shape: sqsShape + "UnsupportedOperation", code: oldCode + "UnsupportedOperation"}
	errParameter        = failure{status: 400, shape: coralShape + "InvalidParameterValueException", code: "InvalidParameterValue"}
	errMissing          = failure{status: 400, shape: coralShape + "MissingRequiredParameterException", code: "MissingParameter"}
	errMalformed        = failure{status: 400, shape: coralShape + "SerializationException", code: "MalformedInput"}
	errTooLarge         = failure{status: 413, shape: coralShape + "RequestEntityTooLargeException", code: "RequestEntityTooLarge"}
	errInternal         = failure{status: 500, shape: coralShape + "InternalFailure", code: "InternalFailure"}
	errUnavailable      = failure{status: 503, shape: coralShape + "ServiceUnavailableException", code: "ServiceUnavailable"}
)

// Error returns the message that the client gets.
func (f *failure) Error() string { return f.message }

// faultParty returns Sender for an error of the client, otherwise Receiver.
// Both protocols use these words.
func (f *failure) faultParty() string {
	if f.status >= http.StatusInternalServerError {
		return "Receiver"
	}
	return "Sender"
}

func (f failure) withMessage(format string, args ...any) *failure {
	f.message = fmt.Sprintf(format, args...)
	return &f
}

func queueNotFound() error { return errNoQueue.withMessage("The specified queue does not exist.") }

func missingParameter(parameter string) error {
	return errMissing.withMessage("The request must contain the parameter %s.", parameter)
}

func invalidParameter(value any, parameter, reason string) error {
	return errParameter.withMessage("Value %v for parameter %s is invalid. Reason: %s", value, parameter, reason)
}

// optionalNumber returns *p, or otherwise if p is nil. A value outside low to
// high is an error.
func optionalNumber(p *int, parameter string, low, high, otherwise int) (int, error) {
	if p == nil {
		return otherwise, nil
	}
	if *p < low || *p > high {
		return 0, invalidParameter(*p, parameter, fmt.Sprintf("Must be between %d and %d, if provided.", low, high))
	}
	return *p, nil
}
