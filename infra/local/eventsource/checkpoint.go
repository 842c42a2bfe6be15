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

// position is the progress in one shard: every record up to and including After is processed. An empty After is the
// start of the shard.
type position struct {
	After string `json:"after"`
	Done  bool   `json:"done,omitempty"` // the shard is closed and fully processed
}

// checkpoint stores the positions in one stream in a file. A file that belongs to another stream is ignored: the table
// was deleted and created again.
type checkpoint struct {
	path string // "" stores in memory only

	mu     sync.Mutex
	Stream string              `json:"stream"`
	Shards map[string]position `json:"shards"`
}

// openCheckpoint reads the file at path, which may be missing. found reports whether it holds positions of stream.
func openCheckpoint(path, stream string) (c *checkpoint, found bool, err error) {
	c = &checkpoint{path: path, Stream: stream, Shards: map[string]position{}}
	if path == "" {
		return c, false, nil
	}
	text, err := os.ReadFile(path) //nolint:gosec // the caller names its own file
	if errors.Is(err, fs.ErrNotExist) {
		return c, false, nil
	} else if err != nil {
		return nil, false, fmt.Errorf("read checkpoint: %w", err)
	}
	old := &checkpoint{}
	if err := json.Unmarshal(text, old); err != nil {
		return nil, false, fmt.Errorf("read checkpoint %s: %w; delete the file to start again", path, err)
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

// savePosition stores p for shard. The file is on disk when it returns.
func (c *checkpoint) savePosition(shard string, p position) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if old, known := c.Shards[shard]; known && old == p {
		return nil
	}
	c.Shards[shard] = p
	return c.writeFile()
}

// dropUnlisted deletes the positions of shards that are not in listed, because the stream has dropped those shards.
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
		return fmt.Errorf("encode checkpoint: %w", err)
	}
	if err := replaceFile(c.path, text); err != nil {
		return fmt.Errorf("write checkpoint: %w", err)
	}
	return nil
}

// replaceFile writes text to path atomically: after a crash the file holds the old or the new text. The new text is on
// disk when it returns.
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
