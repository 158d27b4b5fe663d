package platform

import (
	"context"
	"path/filepath"

	"plimsoll/platform/media"
	"plimsoll/platform/queue"
)

func (p *process) wireWorker(_ context.Context, s *parts) error {
	w, err := media.New(media.Config{
		Pool: p.db.pool, Objects: p.storage.store, Scratch: filepath.Join(p.cfg.Data, "scratch"),
		Metrics: media.NewMetrics(p.reg), Logger: p.logger,
		Queue: queue.WorkerConfig{
			Metrics: queue.NewMetrics(p.reg), Slots: p.cfg.Worker.Slots,
			Periodic: []queue.Periodic{{Name: "expire-uploads", Every: p.cfg.Uploads.SweepTime, Run: s.ingest.Expire}},
		},
	})
	if err != nil {
		return err
	}
	p.work = append(p.work, w.Run)
	return nil
}
