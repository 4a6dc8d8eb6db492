#include "server/accounts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include "support/temporary_folder.hpp"

namespace switchboard::server {
namespace {

namespace fs = std::filesystem;
using testing::Pair;
using testing::UnorderedElementsAre;

void write(const std::string& path, const std::string& text) {
  std::ofstream{path} << text;
}

TEST(Accounts, are_added_and_changed_and_the_others_are_kept) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("accounts");
  write_account(path, "anna", "$argon2id$1");
  write(path, "# ours\n" + ("ben:$argon2id$2\n" + std::string{"Anna:$argon2id$1\n"}));
  write_account(path, "anna", "$argon2id$3");
  EXPECT_THAT(read_accounts(path),
              UnorderedElementsAre(Pair("anna", "$argon2id$3"), Pair("ben", "$argon2id$2")));
  std::ifstream file{path};
  std::string first;
  std::getline(file, first);
  EXPECT_EQ(first, "# ours");
}

TEST(Accounts, are_for_their_owner_alone_even_where_they_were_not) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("accounts");
  write(path, "ben:$argon2id$2\n");
  fs::permissions(path, fs::perms::all);
  write_account(path, "anna", "$argon2id$1");
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST(Accounts, that_a_group_may_read_stay_so) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("accounts");
  write(path, "ben:$argon2id$2\n");
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  struct stat before {};
  ASSERT_EQ(::stat(path.c_str(), &before), 0);
  if (::chown(path.c_str(), before.st_uid + 1, before.st_gid + 1) != 0) before.st_uid -= 1;
  write_account(path, "anna", "$argon2id$1");
  struct stat after {};
  ASSERT_EQ(::stat(path.c_str(), &after), 0);
  EXPECT_EQ(after.st_mode & 07777U, 0640U);
  EXPECT_EQ(after.st_uid, before.st_uid + 1);
}

TEST(Accounts, behind_a_link_were_parted_from_it) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("accounts");
  const std::string link = folder.file("link");
  fs::create_symlink("accounts", link);
  write_account(link, "anna", "$argon2id$1");  // leads to nothing yet
  write_account(link, "ben", "$argon2id$2");
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_THAT(read_accounts(path),
              UnorderedElementsAre(Pair("anna", "$argon2id$1"), Pair("ben", "$argon2id$2")));
  const std::string loop = folder.file("loop");
  fs::create_symlink("loop", loop);
  EXPECT_THROW(write_account(loop, "anna", "$argon2id$1"), std::runtime_error);
}

TEST(Accounts, leave_nothing_beside_them) {
  const test::TemporaryFolder folder;
  write_account(folder.file("accounts"), "anna", "$argon2id$1");
  EXPECT_THROW(write_account(folder.file("none/accounts"), "anna", "$argon2id$1"),
               std::runtime_error);
  const fs::directory_iterator entries{fs::path{folder.file("accounts")}.parent_path()};
  EXPECT_EQ(std::distance(fs::begin(entries), fs::end(entries)), 1);
}

TEST(Accounts, of_nobody_take_a_password_like_any_other) {
  EXPECT_TRUE(is_password_hash(hash_of_nobody()));
  EXPECT_EQ(is_password(std::string{hash_of_nobody()}, ""), false);
}

// What this process may map beyond what it has, as ulimit -v limits it.
class MemoryLimit {
 public:
  explicit MemoryLimit(std::size_t more_bytes) {
    std::size_t pages = 0;
    std::ifstream{"/proc/self/statm"} >> pages;
    EXPECT_EQ(::getrlimit(RLIMIT_AS, &before_), 0);
    const auto page_bytes = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    const rlimit lowered{.rlim_cur = pages * page_bytes + more_bytes, .rlim_max = before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_AS, &lowered), 0);
  }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;
  ~MemoryLimit() { EXPECT_EQ(::setrlimit(RLIMIT_AS, &before_), 0); }

 private:
  rlimit before_{};
};

TEST(Accounts, a_right_password_was_called_wrong_where_its_memory_could_not_be_had) {
  if (!can_hash_passwords()) GTEST_SKIP() << "built without libsodium";
  const std::string hash = hash_password("right");
  {
    const MemoryLimit limit{std::size_t{32} << 20U};
    EXPECT_EQ(is_password(hash, "right"), std::nullopt);
  }
  EXPECT_EQ(is_password(hash, "right"), true);
  EXPECT_EQ(is_password(hash, "wrong"), false);
}

TEST(Accounts, whose_hash_is_none_take_no_password) {
  for (const char* hash : {"$argon2id$v=19$m=", "$argon2id$v=19$m=0,t=2,p=1$x$y",
                           "$argon2id$v=19$m=99999999999999999999,t=2,p=1$x$y"}) {
    EXPECT_EQ(is_password(hash, "right"), false) << hash;
  }
}

// /dev/null would have become a file, and what could not be read been lost.
TEST(Accounts, something_that_is_no_file_was_replaced_by_one) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("pipe");
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  EXPECT_THROW(write_account(path, "anna", "$argon2id$1"), std::runtime_error);
  EXPECT_EQ(fs::status(path).type(), fs::file_type::fifo);
}

TEST(Accounts, that_could_not_be_read_were_lost) {
  const test::TemporaryFolder folder;
  const std::string path = folder.file("accounts");
  write(path, "ben:$argon2id$2\n");
  fs::permissions(path, fs::perms::none);
  if (std::ifstream{path}.is_open()) GTEST_SKIP() << "this user may read everything";
  EXPECT_THROW(write_account(path, "anna", "$argon2id$1"), std::runtime_error);
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_THAT(read_accounts(path), UnorderedElementsAre(Pair("ben", "$argon2id$2")));
}

}  // namespace
}  // namespace switchboard::server
