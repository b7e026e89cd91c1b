# Backups are encrypted by `escrowctl backup` before they leave the pod; what S3 adds is that nobody can delete or change one before its
# time, and that a second copy stands in another region.

locals {
  # The one place that the backup's role can write to.
  prefix = "backups/"

  bucket         = "${var.name}-backups-${var.account_id}"
  replica_bucket = "${var.name}-backups-replica-${var.account_id}"
}

module "key" {
  source = "../key"

  name           = "${var.name}-backups"
  description    = "Backups of ${var.name}"
  account_id     = var.account_id
  region         = var.region
  administrators = var.key_administrators
  via_services   = ["s3"]
}

module "replica_key" {
  source = "../key"

  name           = "${var.name}-backups-replica"
  description    = "Second copy of the backups of ${var.name}"
  account_id     = var.account_id
  region         = var.replica_region
  administrators = var.key_administrators
  via_services   = ["s3"]
}

module "bucket" {
  source = "../bucket"

  name        = local.bucket
  region      = var.region
  key_arn     = module.key.arn
  lock_mode   = var.lock_mode
  lock_days   = var.lock_days
  expire_days = var.expire_days
  log_bucket  = module.access_log.id
}

module "replica" {
  source = "../bucket"

  name        = local.replica_bucket
  region      = var.replica_region
  key_arn     = module.replica_key.arn
  lock_mode   = var.lock_mode
  lock_days   = var.lock_days
  expire_days = var.expire_days
  log_bucket  = module.replica_access_log.id
}

# S3 delivers access logs to a bucket of the same region, and to none that is encrypted with a key of KMS.
module "access_log" {
  source = "../bucket"

  name        = "${var.name}-access-${var.account_id}"
  region      = var.region
  expire_days = 400
  statements = [{
    Sid       = "AccessLogs"
    Effect    = "Allow"
    Principal = { Service = "logging.s3.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "arn:aws:s3:::${var.name}-access-${var.account_id}/${local.bucket}/*"
    Condition = {
      ArnEquals    = { "aws:SourceArn" = "arn:aws:s3:::${local.bucket}" }
      StringEquals = { "aws:SourceAccount" = var.account_id }
    }
  }]
}

module "replica_access_log" {
  source = "../bucket"

  name        = "${var.name}-access-replica-${var.account_id}"
  region      = var.replica_region
  expire_days = 400
  statements = [{
    Sid       = "AccessLogs"
    Effect    = "Allow"
    Principal = { Service = "logging.s3.amazonaws.com" }
    Action    = "s3:PutObject"
    Resource  = "arn:aws:s3:::${var.name}-access-replica-${var.account_id}/${local.replica_bucket}/*"
    Condition = {
      ArnEquals    = { "aws:SourceArn" = "arn:aws:s3:::${local.replica_bucket}" }
      StringEquals = { "aws:SourceAccount" = var.account_id }
    }
  }]
}
