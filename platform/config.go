package platform

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"slices"
	"time"

	"plimsoll/internal/config"
	"plimsoll/platform/gateway"
	"plimsoll/platform/ingest"
)

// Config of a process. The zero value of a field stands for its default; Default has them filled in.
type Config struct {
	// Data is the directory of everything that this process keeps.
	Data string `yaml:"data"`
	// Roles of this process; all if empty.
	Roles []string `yaml:"roles"`
	// Dev makes an API key for development, in the file api-key of the data directory, and offers fault injection.
	Dev                bool          `yaml:"dev"`
	Listen             Listen        `yaml:"listen"`
	Database           Database      `yaml:"database"`
	ObjectStore        ObjectStore   `yaml:"objectStore"`
	Gateway            GatewayConfig `yaml:"gateway"`
	Uploads            Uploads       `yaml:"uploads"`
	Worker             WorkerConfig  `yaml:"worker"`
	Edge               EdgeConfig    `yaml:"edge"`
	DrainTimeout       time.Duration `yaml:"drainTimeout"`       // how long a stop waits for requests under way
	FinalScrapeTimeout time.Duration `yaml:"finalScrapeTimeout"` // how long a stop waits for the last scrape

	Version string       `yaml:"-"`
	Logger  *slog.Logger `yaml:"-"`
	// Ready is called once everything serves, with the real addresses. It may be nil.
	Ready func(Addresses) `yaml:"-"`
	// Executable is the program that is started as "EXECUTABLE blob" for the object storage; this one if empty.
	Executable string `yaml:"-"`

	roles []Role
}

// Listen has an address, IP and port, for each listener. Port 0 takes a free one.
type Listen struct {
	Gateway string `yaml:"gateway"`
	Edge    string `yaml:"edge"`
	Ops     string `yaml:"ops"`  // metrics, health; outlives the others at a stop
	Blob    string `yaml:"blob"` // object storage
	// Origin serves playback to edges in other processes; no such listener if empty.
	Origin string `yaml:"origin"`
}

// Database is where the records are.
type Database struct {
	// URL of an external PostgreSQL with the database to use; a private cluster in the data directory if empty.
	// The environment variable PLATFORM_DATABASE_URL keeps its password out of files.
	URL string `yaml:"url"`
}

// ObjectStore is where the bytes are: any S3. Without an endpoint the role blob provides it.
type ObjectStore struct {
	Endpoint       string `yaml:"endpoint"`
	PublicEndpoint string `yaml:"publicEndpoint"` // at which clients send their parts; the endpoint if empty
	Region         string `yaml:"region"`
	Bucket         string `yaml:"bucket"`
	AccessKey      string `yaml:"accessKey"` // or PLATFORM_S3_ACCESS_KEY
	SecretKey      string `yaml:"secretKey"` // or PLATFORM_S3_SECRET_KEY
}

// GatewayConfig is about the public API.
type GatewayConfig struct {
	Limits         gateway.Limits `yaml:"limits"`
	RequestTimeout time.Duration  `yaml:"requestTimeout"`
}

// Uploads is about what may be uploaded.
type Uploads struct {
	MaxSize   int64         `yaml:"maxSize"`   // bytes
	PartSize  int64         `yaml:"partSize"`  // bytes
	TTL       time.Duration `yaml:"ttl"`       // after which an upload that was not completed is dropped
	SweepTime time.Duration `yaml:"sweepTime"` // between two looks for such uploads
}

// WorkerConfig is about making videos.
type WorkerConfig struct {
	Slots int `yaml:"slots"` // videos at a time
}

// EdgeConfig is about serving viewers.
type EdgeConfig struct {
	// URL at which viewers reach the edge; the address of this process's listener if empty.
	URL string `yaml:"url"`
	// Origin is the base URL of another process's origin listener; this process's playback if empty.
	Origin       string        `yaml:"origin"`
	CacheBytes   int64         `yaml:"cacheBytes"`
	StaleIfError time.Duration `yaml:"staleIfError"`
}

// Default returns the configuration that is used when nothing is said.
func Default() (Config, error) {
	data, err := config.DataDir("platform")
	if err != nil {
		return Config{}, err
	}
	c := Config{
		Data:   data,
		Listen: Listen{Gateway: "127.0.0.1:8090", Edge: "127.0.0.1:8091", Ops: "127.0.0.1:8092", Blob: "127.0.0.1:8093"},
		Gateway: GatewayConfig{
			Limits:         gateway.Limits{Read: gateway.Limit{PerSecond: 200, Burst: 400}, Write: gateway.Limit{PerSecond: 20, Burst: 40}},
			RequestTimeout: 30 * time.Second,
		},
		ObjectStore:        ObjectStore{Region: "us-east-1", Bucket: "platform"},
		Uploads:            Uploads{MaxSize: 10 << 30, PartSize: 8 << 20, TTL: 24 * time.Hour, SweepTime: 10 * time.Minute},
		Worker:             WorkerConfig{Slots: 1},
		Edge:               EdgeConfig{CacheBytes: 256 << 20, StaleIfError: time.Hour},
		DrainTimeout:       20 * time.Second,
		FinalScrapeTimeout: 15 * time.Second,
	}
	for _, r := range Roles() {
		c.Roles = append(c.Roles, string(r))
	}
	return c, nil
}

// has tells whether the process has a role. Valid after Check.
func (c *Config) has(r Role) bool { return slices.Contains(c.roles, r) }

// needsDatabase tells whether any role keeps records.
func (c *Config) needsDatabase() bool { return c.has(Ingest) || c.has(Worker) || c.has(Playback) }

// needsObjects tells whether any role reads or writes objects.
func (c *Config) needsObjects() bool { return c.needsDatabase() }

// ownBlob tells whether this process provides the object storage.
func (c *Config) ownBlob() bool { return c.has(Blob) && c.ObjectStore.Endpoint == "" }

// Check finds everything that is wrong with the configuration, each problem with the key it is about.
func (c *Config) Check() error {
	var problems []error
	refuse := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	roles, err := ParseRoles(c.Roles)
	if err != nil {
		problems = append(problems, err)
	}
	if c.roles = roles; len(c.Roles) == 0 {
		c.roles = Roles()
	}
	if c.Data == "" {
		refuse("data: a directory is needed")
	}
	c.checkRoles(refuse)
	c.checkAddresses(refuse)
	for key, d := range map[string]time.Duration{"gateway.requestTimeout": c.Gateway.RequestTimeout, "uploads.ttl": c.Uploads.TTL,
		"uploads.sweepTime": c.Uploads.SweepTime, "drainTimeout": c.DrainTimeout} {
		if d <= 0 {
			refuse("%s: %s is not a positive duration", key, d)
		}
	}
	for key, n := range map[string]int64{"uploads.maxSize": c.Uploads.MaxSize, "worker.slots": int64(c.Worker.Slots), "edge.cacheBytes": c.Edge.CacheBytes} {
		if n <= 0 {
			refuse("%s: %d is not positive", key, n)
		}
	}
	if c.FinalScrapeTimeout < 0 || c.Edge.StaleIfError < 0 {
		refuse("finalScrapeTimeout and edge.staleIfError cannot be negative")
	}
	if size := c.Uploads.PartSize; size != 0 && size < ingest.MinPartSize {
		refuse("uploads.partSize: %d is less than %d, which is S3's limit", size, ingest.MinPartSize)
	}
	for key, limit := range map[string]gateway.Limit{"read": c.Gateway.Limits.Read, "write": c.Gateway.Limits.Write} {
		if err := limit.Check(); err != nil {
			refuse("gateway.limits.%s: %w", key, err)
		}
	}
	if len(problems) == 0 {
		return nil
	}
	slices.SortFunc(problems, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return fmt.Errorf("%w: %w", config.ErrInvalid, errors.Join(problems...))
}

// checkRoles refuses roles that cannot do their work in this process.
func (c *Config) checkRoles(refuse func(string, ...any)) {
	if c.has(Ingest) && !c.has(Gateway) {
		refuse("roles: ingest is reached through the gateway: give this process the role gateway too")
	}
	if c.has(Gateway) && !c.has(Ingest) && !c.has(Playback) {
		refuse("roles: gateway has nothing to serve: give this process the role ingest or playback too")
	}
	if c.has(Playback) && !c.has(Gateway) && !c.has(Edge) && c.Listen.Origin == "" {
		refuse("roles: nobody can reach playback: add the role gateway or edge, or set listen.origin")
	}
	if c.has(Edge) && !c.has(Playback) && c.Edge.Origin == "" {
		refuse("edge.origin: an edge without the role playback needs the URL of an origin")
	}
	if c.has(Playback) && !c.has(Edge) && c.Edge.URL == "" {
		refuse("edge.url: playback without the role edge needs the URL at which viewers reach an edge")
	}
	if c.needsObjects() && c.ObjectStore.Endpoint == "" && !c.has(Blob) {
		refuse("objectStore.endpoint: a process without the role blob needs the URL of an S3")
	}
	if c.ObjectStore.Endpoint != "" && (c.ObjectStore.AccessKey == "" || c.ObjectStore.SecretKey == "") {
		refuse("objectStore: an external S3 needs accessKey and secretKey (or PLATFORM_S3_ACCESS_KEY and PLATFORM_S3_SECRET_KEY)")
	}
}

// checkAddresses refuses what cannot be listened at or reached.
func (c *Config) checkAddresses(refuse func(string, ...any)) {
	listen := map[string]string{"gateway": c.Listen.Gateway, "edge": c.Listen.Edge, "ops": c.Listen.Ops, "blob": c.Listen.Blob}
	if c.Listen.Origin != "" {
		listen["origin"] = c.Listen.Origin
	}
	for key, addr := range listen {
		if _, err := net.ResolveTCPAddr("tcp", addr); addr == "" || err != nil {
			refuse("listen.%s: %q is not an address such as 127.0.0.1:8090", key, addr)
		}
	}
	for key, text := range map[string]string{"objectStore.endpoint": c.ObjectStore.Endpoint, "objectStore.publicEndpoint": c.ObjectStore.PublicEndpoint,
		"edge.url": c.Edge.URL, "edge.origin": c.Edge.Origin} {
		u, err := url.Parse(text)
		if text != "" && (err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https") {
			refuse("%s: %q is not a URL such as https://video.example.com", key, text)
		}
	}
}
