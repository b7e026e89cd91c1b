output "key_arn" {
  description = "ARN of the key that encrypts log groups."
  value       = module.key.arn
}
