// Package platform puts the video platform together: it reads the configuration, starts the database and the object
// storage that nobody else provides, wires the roles that this process has, and ends them in order.
//
//	start:  database ─▶ object storage (child process) ─▶ listeners ─▶ roles ─▶ ready
//
//	stop:   not ready ─▶ gateway, edge and origin finish what they have begun, workers give their tasks back
//	                  ─▶ the operations listener serves one last scrape, so that no request goes unmeasured
//	                  ─▶ object storage ─▶ database
//
// It owns the data directory and no behaviour of the roles. A process that is killed leaves nothing that the next start
// does not clean up.
package platform
