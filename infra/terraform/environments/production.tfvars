environment        = "production"
region             = "us-east-1"
replica_region     = "us-west-2"
availability_zones = ["us-east-1a", "us-east-1b", "us-east-1c"]
vpc_cidr           = "10.40.0.0/16"
kubernetes_version = "1.34"
cache_node_type    = "cache.m7g.large"

nodes = {
  instance_types = ["m6i.xlarge"]
  minimum        = 3
  desired        = 3
  maximum        = 12
}

database = {
  instance_class = "db.m6g.xlarge"
  storage_gib    = 100
  storage_limit  = 1000
  backup_days    = 35
}

# Compliance: not even the account's root user can delete a backup before its 35 days are over.
backups = {
  lock_mode   = "COMPLIANCE"
  lock_days   = 35
  expire_days = 400
}
