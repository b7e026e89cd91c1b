environment        = "staging"
region             = "us-east-1"
replica_region     = "us-west-2"
availability_zones = ["us-east-1a", "us-east-1b", "us-east-1c"]
vpc_cidr           = "10.30.0.0/16"
kubernetes_version = "1.34"
cache_node_type    = "cache.t4g.small"
log_retention_days = 365

nodes = {
  instance_types = ["m6i.large"]
  minimum        = 3
  desired        = 3
  maximum        = 6
}

database = {
  instance_class = "db.m6g.large"
  storage_gib    = 50
  storage_limit  = 200
  backup_days    = 14
}

backups = {
  lock_mode   = "GOVERNANCE"
  lock_days   = 7
  expire_days = 60
}
