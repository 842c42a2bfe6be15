package graph

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// copyMediumToS3 implements GetWhatsAppMessageMedia of AWS End User Messaging
// Social. It copies a media file to S3 and returns its type and its size in KiB.
// With metadataOnly it does not copy.
func (s *Server) copyMediumToS3(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Number   string `json:"originationPhoneNumberId"`
		Media    string `json:"mediaId"`
		Metadata bool   `json:"metadataOnly"`
		To       struct {
			Bucket string `json:"bucketName"`
			Key    string `json:"key"`
		} `json:"destinationS3File"`
	}
	err := json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&ask)
	validDestination := ask.Metadata || (ask.To.Bucket != "" && ask.To.Key != "")
	if err != nil || !strings.HasPrefix(ask.Number, "phone-number-id-") || !validDestination {
		writeAWSError(w, http.StatusBadRequest, "InvalidParametersException")
		return
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") || !strings.Contains(r.Header.Get("Authorization"), "/social-messaging/aws4_request") {
		writeAWSError(w, http.StatusForbidden, "AccessDeniedException")
		return
	}
	m, ok := s.findMedium(ask.Media)
	if !ok {
		writeAWSError(w, http.StatusNotFound, "ResourceNotFoundException")
		return
	}
	if !ask.Metadata {
		if err := s.cfg.Put(ask.To.Bucket, ask.To.Key, m.Data); err != nil {
			writeAWSError(w, http.StatusBadGateway, "DependencyException")
			return
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"mimeType": m.Type, "fileSize": (m.Size + 1023) / 1024})
}

// writeAWSError sends an error in the shape of AWS's JSON services.
func writeAWSError(w http.ResponseWriter, status int, name string) {
	w.Header().Set("X-Amzn-ErrorType", name)
	writeJSON(w, status, map[string]string{"message": name})
}
