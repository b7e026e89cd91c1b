# PostgreSQL 15. No route leads to it but from the cluster's nodes, and which pod may go there is the network policy's question (N5).

module "key" {
  source = "../key"

  name             = "${var.name}-database"
  description      = "PostgreSQL of ${var.name}: storage, snapshots, insights, master password"
  account_id       = var.account_id
  region           = var.region
  administrators   = var.key_administrators
  via_services     = ["rds", "secretsmanager"]
  granted_services = ["rds"]
}

resource "aws_db_subnet_group" "this" {
  name        = var.name
  description = "Subnets without a way out"
  subnet_ids  = var.subnet_ids
}

resource "aws_security_group" "this" {
  name        = "${var.name}-database"
  description = "PostgreSQL: from the cluster's nodes, to nobody"
  vpc_id      = var.vpc_id

  tags = { Name = "${var.name}-database" }
}

resource "aws_vpc_security_group_ingress_rule" "nodes" {
  security_group_id            = aws_security_group.this.id
  description                  = "PostgreSQL from the cluster's nodes"
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
  referenced_security_group_id = var.client_security_group_id
}

resource "aws_db_parameter_group" "this" {
  name        = "${var.name}-postgres15"
  family      = "postgres15"
  description = "TLS only, SCRAM only, slow statements and changes of the schema in the log"

  # Without TLS nobody is let in, whatever the client asks for.
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "ssl_min_protocol_version"
    value = "TLSv1.2"
  }

  parameter {
    name  = "password_encryption"
    value = "scram-sha-256"
  }

  parameter {
    name  = "rds.accepted_password_auth_method"
    value = "scram"
  }

  # Changes of the schema and of roles. escrowctl sends a new password as its SCRAM verifier, so no password is in this log.
  parameter {
    name  = "log_statement"
    value = "ddl"
  }

  # Milliseconds. Parameters of a statement are not written: they are people's data.
  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }

  parameter {
    name  = "log_parameter_max_length"
    value = "0"
  }

  parameter {
    name  = "log_connections"
    value = "1"
  }

  parameter {
    name  = "log_disconnections"
    value = "1"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(["postgresql", "upgrade"])

  # RDS gives the name; made here first, so that it is encrypted and kept as long as said.
  name              = "/aws/rds/instance/${var.name}/${each.value}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.log_key_arn
}

resource "aws_iam_role" "monitoring" {
  name = "${var.name}-database-monitoring"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "monitoring.rds.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = var.account_id } }
    }]
  })
}

resource "aws_iam_role_policy_attachment" "monitoring" {
  role       = aws_iam_role.monitoring.name
  policy_arn = "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
}

resource "aws_db_instance" "this" {
  identifier     = var.name
  engine         = "postgres"
  engine_version = "15"
  instance_class = var.size.instance_class
  db_name        = "stellar_escrow"

  allocated_storage     = var.size.storage_gib
  max_allocated_storage = var.size.storage_limit
  storage_type          = "gp3"
  storage_encrypted     = true
  kms_key_id            = module.key.arn

  # RDS makes the master password, keeps it in a secret of its own and rotates it: it is in no file and in no state. The application
  # signs in as a user of its own (README.md, "The first time").
  username                      = "escrow_master"
  manage_master_user_password   = true
  master_user_secret_kms_key_id = module.key.arn

  multi_az               = true
  publicly_accessible    = false
  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.this.id]
  parameter_group_name   = aws_db_parameter_group.this.name
  ca_cert_identifier     = "rds-ca-rsa2048-g1"
  # For people, by their role: no password of a person exists.
  iam_database_authentication_enabled = true

  backup_retention_period   = var.size.backup_days
  backup_window             = "03:00-03:30"
  maintenance_window        = "sun:04:00-sun:05:00"
  copy_tags_to_snapshot     = true
  delete_automated_backups  = false
  deletion_protection       = true
  skip_final_snapshot       = false
  final_snapshot_identifier = "${var.name}-final"

  auto_minor_version_upgrade  = true
  allow_major_version_upgrade = false

  enabled_cloudwatch_logs_exports       = ["postgresql", "upgrade"]
  monitoring_interval                   = 60
  monitoring_role_arn                   = aws_iam_role.monitoring.arn
  performance_insights_enabled          = true
  performance_insights_kms_key_id       = module.key.arn
  performance_insights_retention_period = 7

  depends_on = [
    aws_cloudwatch_log_group.this,
    aws_iam_role_policy_attachment.monitoring,
  ]
}
