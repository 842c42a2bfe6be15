package telemetry_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"github.com/heard-intake/heard/internal/telemetry"
)

func TestMeterCount_EmbeddedFormat(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	m := &telemetry.Meter{Function: "whatsapp", Out: &out, Now: func() time.Time { return time.UnixMilli(1772442000000) }}
	m.Count("Channel", "whatsapp", map[string]int{"In": 2, "Stored": 2})
	var line struct {
		AWS struct {
			Timestamp         int64
			CloudWatchMetrics []struct {
				Namespace  string
				Dimensions [][]string
				Metrics    []struct{ Name, Unit string }
			}
		} `json:"_aws"`
		Function, Channel string
		In, Stored        int
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != 1 {
		t.Fatal(err, out.String())
	}
	directive := line.AWS.CloudWatchMetrics[0]
	if line.In != 2 || line.Stored != 2 || line.Function != "whatsapp" || line.Channel != "whatsapp" || line.AWS.Timestamp != 1772442000000 ||
		directive.Namespace != telemetry.Namespace || len(directive.Metrics) != 2 || len(directive.Dimensions[0]) != 2 {
		t.Errorf("Count() wrote %s, want counts In and Stored of 2, with dimensions Function and Channel", out.String())
	}
}
