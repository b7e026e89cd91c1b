# Redis, for the indexer only (N6): TLS, a password, and no route but from the cluster's nodes.

module "key" {
  source = "../key"

  name             = "${var.name}-cache"
  description      = "Redis of ${var.name}: disks and snapshots"
  account_id       = var.account_id
  region           = var.region
  administrators   = var.key_administrators
  via_services     = ["elasticache"]
  granted_services = ["elasticache"]
}

# Read while it is applied and handed on; ephemeral values and write-only arguments stand in neither plan nor state.
ephemeral "aws_secretsmanager_secret_version" "password" {
  secret_id = var.password_secret_arn
}

resource "aws_elasticache_subnet_group" "this" {
  name        = var.name
  description = "Subnets without a way out"
  subnet_ids  = var.subnet_ids
}

resource "aws_security_group" "this" {
  name        = "${var.name}-cache"
  description = "Redis: from the cluster's nodes, to nobody"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-cache" }
}

resource "aws_vpc_security_group_ingress_rule" "nodes" {
  security_group_id            = aws_security_group.this.id
  description                  = "Redis from the cluster's nodes"
  ip_protocol                  = "tcp"
  from_port                    = 6379
  to_port                      = 6379
  referenced_security_group_id = var.client_security_group_id
}

resource "aws_elasticache_parameter_group" "this" {
  name        = "${var.name}-redis7"
  family      = "redis7"
  description = "As ElastiCache gives it, to be changed without replacing the cache"
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(["engine-log", "slow-log"])

  name              = "/stellar-escrow/${var.name}/redis/${each.value}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_key_arn
}

resource "aws_elasticache_replication_group" "this" {
  # checkov:skip=CKV_AWS_31:It looks for auth_token, which would keep the password in the state. auth_token_wo is the same argument, written and never kept; transit encryption is on and required.
  replication_group_id = var.name
  description          = "Fan-out and cache of the indexer"
  engine               = "redis"
  engine_version       = "7.1"
  node_type            = var.node_type
  port                 = 6379
  parameter_group_name = aws_elasticache_parameter_group.this.name

  num_cache_clusters         = 2
  automatic_failover_enabled = true
  multi_az_enabled           = true
  subnet_group_name          = aws_elasticache_subnet_group.this.name
  security_group_ids         = [aws_security_group.this.id]

  at_rest_encryption_enabled = true
  kms_key_id                 = module.key.arn
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"

  # Only at creation: later passwords are escrowctl's business, and the version here stays what it is.
  auth_token_wo         = jsondecode(ephemeral.aws_secretsmanager_secret_version.password.secret_string)["REDIS_PASSWORD"]
  auth_token_wo_version = 1

  snapshot_retention_limit   = 7
  snapshot_window            = "02:00-03:00"
  maintenance_window         = "sun:05:00-sun:06:00"
  auto_minor_version_upgrade = true
  apply_immediately          = false
  final_snapshot_identifier  = "${var.name}-final"

  dynamic "log_delivery_configuration" {
    for_each = aws_cloudwatch_log_group.this

    content {
      destination      = log_delivery_configuration.value.name
      destination_type = "cloudwatch-logs"
      log_format       = "json"
      log_type         = log_delivery_configuration.key
    }
  }
}
