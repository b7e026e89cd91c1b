module "logs" {
  source = "./modules/logs"

  name           = local.name
  account_id     = var.account_id
  region         = var.region
  administrators = local.key_administrators
}

module "network" {
  source = "./modules/network"

  name               = local.name
  account_id         = var.account_id
  region             = var.region
  cidr               = var.vpc_cidr
  availability_zones = var.availability_zones
  bucket_arns        = [module.backups.bucket_arn]
  log_key_arn        = module.logs.key_arn
  log_retention_days = var.log_retention_days
}

module "cluster" {
  source = "./modules/cluster"

  name               = local.name
  account_id         = var.account_id
  region             = var.region
  kubernetes_version = var.kubernetes_version
  subnet_ids         = module.network.private_subnet_ids
  nodes              = var.nodes
  administrators     = var.administrators
  secret_readers     = var.secret_readers
  key_administrators = local.key_administrators
  log_key_arn        = module.logs.key_arn
  log_retention_days = var.log_retention_days
}

module "secrets" {
  source = "./modules/secrets"

  path               = local.secret_path
  name               = local.name
  account_id         = var.account_id
  region             = var.region
  secrets            = local.secrets
  reader_arns        = local.part_role_arns
  rotation_arn       = module.rotation.role_arn
  terraform_role_arn = var.terraform_role_arn
  key_administrators = local.key_administrators
}

# One role a part, for its Kubernetes service account of the same name.
module "part" {
  source   = "./modules/identity"
  for_each = local.parts

  name              = "${local.name}-${each.key}"
  oidc_provider_arn = module.cluster.oidc_provider_arn
  oidc_issuer       = module.cluster.oidc_issuer
  namespace         = var.namespace
  service_account   = each.key
  statements = concat(
    [{
      Sid      = "ReadOwnSecrets"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
      Resource = [for secret, of in local.secrets : module.secrets.arns[secret] if contains(of.readers, each.key)]
    }],
    [{
      Sid      = "DecryptThem"
      Effect   = "Allow"
      Action   = ["kms:Decrypt"]
      Resource = [module.secrets.key_arn]
    }],
    each.key == "backup" ? module.backups.writer_statements : [],
  )
}

module "rotation" {
  source = "./modules/rotation"

  name        = "${local.name}-rotation"
  principals  = var.rotation_principals
  secret_arns = values(module.secrets.arns)
  key_arn     = module.secrets.key_arn
  # By its name: the cache is made with a password that this role puts first.
  cache_arn = "arn:aws:elasticache:${var.region}:${var.account_id}:replicationgroup:${local.name}"
}

module "database" {
  source = "./modules/database"

  name                     = local.name
  account_id               = var.account_id
  region                   = var.region
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.data_subnet_ids
  client_security_group_id = module.cluster.security_group_id
  size                     = var.database
  key_administrators       = local.key_administrators
  log_key_arn              = module.logs.key_arn
  log_retention_days       = var.log_retention_days
}

module "cache" {
  source = "./modules/cache"

  name                     = local.name
  account_id               = var.account_id
  region                   = var.region
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.data_subnet_ids
  client_security_group_id = module.cluster.security_group_id
  node_type                = var.cache_node_type
  password_secret_arn      = module.secrets.arns["redis"]
  key_administrators       = local.key_administrators
  log_key_arn              = module.logs.key_arn
  log_retention_days       = var.log_retention_days
}

module "backups" {
  source = "./modules/backups"

  name               = local.name
  account_id         = var.account_id
  region             = var.region
  replica_region     = var.replica_region
  lock_mode          = var.backups.lock_mode
  lock_days          = var.backups.lock_days
  expire_days        = var.backups.expire_days
  key_administrators = local.key_administrators
}
