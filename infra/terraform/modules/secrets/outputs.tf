output "arns" {
  description = "ARN of each secret, by the last part of its path."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.arn }
}

output "names" {
  description = "Whole path of each secret, by its last part."
  value       = { for name, secret in aws_secretsmanager_secret.this : name => secret.name }
}

output "key_arn" {
  description = "ARN of the key that encrypts the secrets."
  value       = module.key.arn
}
