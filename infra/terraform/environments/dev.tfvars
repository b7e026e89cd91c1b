environment        = "dev"
region             = "us-east-1"
replica_region     = "us-west-2"
availability_zones = ["us-east-1a", "us-east-1b", "us-east-1c"]
vpc_cidr           = "10.20.0.0/16"
kubernetes_version = "1.34"
cache_node_type    = "cache.t4g.micro"
log_retention_days = 365

nodes = {
  instance_types = ["t3.large"]
  minimum        = 2
  desired        = 2
  maximum        = 4
}

database = {
  instance_class = "db.t4g.medium"
  storage_gib    = 20
  storage_limit  = 100
  backup_days    = 7
}

# A mistake in dev can be cleared away by who may bypass governance.
backups = {
  lock_mode   = "GOVERNANCE"
  lock_days   = 1
  expire_days = 14
}
