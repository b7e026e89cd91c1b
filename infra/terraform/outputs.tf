output "cluster_name" {
  description = "For `aws eks update-kubeconfig`, from inside the network: the endpoint is private."
  value       = module.cluster.name
}

output "service_account_roles" {
  description = "The role of each part: the annotation eks.amazonaws.com/role-arn of its service account."
  value       = { for part, identity in module.part : part => identity.role_arn }
}

output "secret_names" {
  description = "The secrets by their path. They are made empty: README.md, \"The first time\"."
  value       = module.secrets.names
}

output "rotation_role_arn" {
  description = "The role that `escrowctl rotate` takes."
  value       = module.rotation.role_arn
}

output "database_endpoint" {
  description = "host:port of PostgreSQL, for DATABASE_URL with sslmode=verify-full."
  value       = module.database.endpoint
}

output "database_master_secret_arn" {
  description = "The secret RDS keeps its master password in, and rotates by itself. Only for making the application's own user."
  value       = module.database.master_secret_arn
}

output "cache_endpoint" {
  description = "Host of Redis, TLS on 6379."
  value       = module.cache.endpoint
}

output "backup_bucket" {
  description = "Where `escrowctl backup` writes."
  value       = module.backups.bucket
}

output "backup_prefix" {
  description = "The only keys the backup's role can write begin with this."
  value       = module.backups.prefix
}

output "log_groups" {
  description = "The log groups, all of them encrypted by one key."
  value       = concat(module.network.log_groups, module.cluster.log_groups, module.database.log_groups, module.cache.log_groups)
}
