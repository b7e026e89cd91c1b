output "endpoint" {
  description = "host:port of PostgreSQL."
  value       = aws_db_instance.this.endpoint
}

output "master_secret_arn" {
  description = "ARN of the secret RDS keeps the master password in."
  value       = aws_db_instance.this.master_user_secret[0].secret_arn
}

output "log_groups" {
  description = "Names of this module's log groups."
  value       = [for group in aws_cloudwatch_log_group.this : group.name]
}
