package eventsource

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"sync"
)

// position is how far one shard has been processed: up to and with the record After, or from its beginning.
type position struct {
	After string `json:"after"`
	Done  bool   `json:"done,omitempty"` // closed, and processed to its end
}

// checkpoint is the positions in one stream, kept in a file. A file of another stream (the table was made anew) counts
// as none.
type checkpoint struct {
	path string // "" keeps nothing

	mu     sync.Mutex
	Stream string              `json:"stream"`
	Shards map[string]position `json:"shards"`
}

// openCheckpoint reads path. found says whether it knew the stream.
func openCheckpoint(path, stream string) (c *checkpoint, found bool, err error) {
	c = &checkpoint{path: path, Stream: stream, Shards: map[string]position{}}
	if path == "" {
		return c, false, nil
	}
	text, err := os.ReadFile(path) //nolint:gosec // the caller names its own file
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, nil
	} else if err != nil {
		return nil, false, fmt.Errorf("reading checkpoint: %w", err)
	}
	old := &checkpoint{}
	if err := json.Unmarshal(text, old); err != nil {
		return nil, false, fmt.Errorf("reading checkpoint %s: %w", path, err)
	}
	if old.Stream != stream {
		return c, false, nil
	}
	maps.Copy(c.Shards, old.Shards)
	return c, true, nil
}

func (c *checkpoint) shardPosition(shard string) (p position, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, known = c.Shards[shard]
	return p, known
}

// set keeps p, on disk before it returns.
func (c *checkpoint) savePosition(shard string, p position) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, known := c.Shards[shard]; known && old == p {
		return nil
	}
	c.Shards[shard] = p
	return c.writeFile()
}

// keep forgets the shards that are not in listed: the stream has dropped them.
func (c *checkpoint) dropUnlisted(listed map[string]bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := len(c.Shards)
	maps.DeleteFunc(c.Shards, func(id string, _ position) bool { return !listed[id] })
	if len(c.Shards) == before {
		return nil
	}
	return c.writeFile()
}

func (c *checkpoint) writeFile() error {
	if c.path == "" {
		return nil
	}
	text, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("writing checkpoint: %w", err)
	}
	if err := replaceFile(c.path, text); err != nil {
		return fmt.Errorf("writing checkpoint: %w", err)
	}
	return nil
}

// replaceFile writes a file so that after a crash it holds the old text or the new, and after its return the new.
func replaceFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	dir, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
