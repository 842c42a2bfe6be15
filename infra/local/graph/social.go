package graph

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// handOn is GetWhatsAppMessageMedia of AWS End User Messaging Social: it copies
// a medium to S3, or tells of it only.
func (s *Server) handOn(w http.ResponseWriter, r *http.Request) {
	var ask struct {
		Number   string `json:"originationPhoneNumberId"`
		Media    string `json:"mediaId"`
		Metadata bool   `json:"metadataOnly"`
		To       struct {
			Bucket string `json:"bucketName"`
			Key    string `json:"key"`
		} `json:"destinationS3File"`
	}
	if json.NewDecoder(io.LimitReader(r.Body, 64<<10)).Decode(&ask) != nil || !strings.HasPrefix(ask.Number, "phone-number-id-") ||
		!ask.Metadata && (ask.To.Bucket == "" || ask.To.Key == "") {
		refuseAWS(w, http.StatusBadRequest, "InvalidParametersException")
		return
	}
	if !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") || !strings.Contains(r.Header.Get("Authorization"), "/social-messaging/aws4_request") {
		refuseAWS(w, http.StatusForbidden, "AccessDeniedException")
		return
	}
	m, ok := s.medium(ask.Media)
	if !ok {
		refuseAWS(w, http.StatusNotFound, "ResourceNotFoundException")
		return
	}
	if !ask.Metadata {
		if err := s.cfg.Put(ask.To.Bucket, ask.To.Key, m.Data); err != nil {
			refuseAWS(w, http.StatusBadGateway, "DependencyException")
			return
		}
	}
	answer(w, http.StatusOK, map[string]any{"mimeType": m.Type, "fileSize": (m.Size + 1023) / 1024})
}

// refuseAWS answers with an error as AWS's JSON services do.
func refuseAWS(w http.ResponseWriter, status int, name string) {
	w.Header().Set("X-Amzn-ErrorType", name)
	answer(w, status, map[string]string{"message": name})
}
