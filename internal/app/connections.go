package app

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/Abdullahi130/StellarEscrow/internal/indexer/fanout"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/keeper"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/reconcile"
	"github.com/Abdullahi130/StellarEscrow/internal/indexer/sponsor"
)

// connected is a store with a pool of connections to a server.
type connected interface {
	Connections() (active, most int)
}

// connections shows how much of the pool is in use: a full one makes everybody wait.
type connections struct{ of connected }

var (
	connectionsActive = prometheus.NewDesc("stellar_escrow_db_connections_active", "Connections to the database that are in use.", nil, nil)
	connectionsMost   = prometheus.NewDesc("stellar_escrow_db_connections_max", "How many connections to the database there can be.", nil, nil)
)

// Describe implements prometheus.Collector.
func (c connections) Describe(to chan<- *prometheus.Desc) {
	to <- connectionsActive
	to <- connectionsMost
}

// Collect implements prometheus.Collector.
func (c connections) Collect(to chan<- prometheus.Metric) {
	active, most := c.of.Connections()
	to <- prometheus.MustNewConstMetric(connectionsActive, prometheus.GaugeValue, float64(active))
	to <- prometheus.MustNewConstMetric(connectionsMost, prometheus.GaugeValue, float64(most))
}

// register shows what there is of these.
func register(to *prometheus.Registry, others *fanout.Fanout, verify *reconcile.Watch, keeps *keeper.Keeper, pays *sponsor.Sponsor) {
	if others != nil {
		to.MustRegister(others)
	}
	if verify != nil {
		to.MustRegister(verify)
	}
	if keeps != nil {
		to.MustRegister(keeps)
	}
	if pays != nil {
		to.MustRegister(pays)
	}
}
