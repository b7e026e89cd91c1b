output "endpoint" {
  description = "Host of the primary."
  value       = aws_elasticache_replication_group.this.primary_endpoint_address
}

output "log_groups" {
  description = "Names of this module's log groups."
  value       = [for group in aws_cloudwatch_log_group.this : group.name]
}
